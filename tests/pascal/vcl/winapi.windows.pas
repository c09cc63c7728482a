unit Winapi.Windows;

{ Stand-in for the unit of Delphi: the tests need no more than its name. }

{$MODE DELPHIUNICODE}

interface

implementation

end.

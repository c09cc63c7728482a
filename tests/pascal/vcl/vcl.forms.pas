unit Vcl.Forms;

{ Stand-in for the unit of Delphi: only what the tests touch. }

{$MODE DELPHIUNICODE}

interface

uses
  System.Classes;

type
  TForm = class(TComponent)
  end;

implementation

end.

unit System.SysUtils;

{ Stand-in for the unit of Delphi: only what the tests touch. }

{$MODE DELPHIUNICODE}

interface

function IntToStr(Value: Int64): string;

implementation

function IntToStr(Value: Int64): string;
begin
  Str(Value, Result);
end;

end.

unit System.Classes;

{ Stand-in for the unit of Delphi: only what the tests touch. }

{$MODE DELPHIUNICODE}

interface

type
  TComponent = class
  public
    constructor Create(Owner: TComponent); virtual;
  end;

  { Text that is added appears on the standard output. }
  TStrings = class
  public
    function Add(const Line: string): Integer; virtual;
  end;

implementation

constructor TComponent.Create(Owner: TComponent);
begin
  inherited Create;
end;

function TStrings.Add(const Line: string): Integer;
begin
  Writeln(UTF8Encode(Line));
  Result := 0;
end;

end.

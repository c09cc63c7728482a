unit Vcl.StdCtrls;

{ Stand-in for the unit of Delphi: only what the tests touch. }

{$MODE DELPHIUNICODE}

interface

uses
  System.Classes;

type
  TButton = class(TComponent)
  end;

  TMemo = class(TComponent)
  public
    Lines: TStrings;
    constructor Create(Owner: TComponent); override;
  end;

implementation

constructor TMemo.Create(Owner: TComponent);
begin
  inherited Create(Owner);
  Lines := TStrings.Create;
end;

end.

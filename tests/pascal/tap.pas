// The Test Anything Protocol, and an end to all patience.
unit Tap;

{$MODE DELPHIUNICODE}

interface

// One test: its line, and whether it passed.
function Ok(good: Boolean; const name: string): Boolean;
function IsText(const got, want, name: string): Boolean;
function IsInt(got, want: Int64; const name: string): Boolean;
// Whether `text` has `part` in it.
function HasText(const text, part, name: string): Boolean;
// Prints the plan and sets the exit code.
procedure Finish;

implementation

uses {$IFDEF UNIX}BaseUnix, cwstring, {$ENDIF}SysUtils;

var
  Tests, Failures: Integer;

procedure Note(const text: string);
begin
  WriteLn(UTF8Encode('# ' + StringReplace(text, #10, #10'# ', [rfReplaceAll])));
end;

function Ok(good: Boolean; const name: string): Boolean;
begin
  Inc(Tests);
  if not good then begin
    Inc(Failures);
    Write('not ');
  end;
  WriteLn('ok ', Tests, ' ', UTF8Encode(name));
  Flush(Output);
  Result := good;
end;

function IsText(const got, want, name: string): Boolean;
begin
  Result := Ok(got = want, name);
  if not Result then
    Note('got ' + got + ', want ' + want);
end;

function IsInt(got, want: Int64; const name: string): Boolean;
begin
  Result := Ok(got = want, name);
  if not Result then
    Note('got ' + IntToStr(got) + ', want ' + IntToStr(want));
end;

function HasText(const text, part, name: string): Boolean;
begin
  Result := Ok(Pos(part, text) > 0, name);
  if not Result then
    Note(part + ' is not in ' + text);
end;

procedure Finish;
begin
  WriteLn('1..', Tests);
  if (Failures > 0) or (Tests = 0) then
    ExitCode := 1;
end;

initialization
  {$IFDEF UNIX}
  // A program that hangs is ended by SIGALRM.
  FpAlarm(120);
  {$ENDIF}
end.

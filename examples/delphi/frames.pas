// frames: sends one text message in three frames to an echo server and shows the frames that
// come back.
//
// Free Pascal: fpc -FcUTF8 -Fubindings/delphi -Fltarget/release examples/delphi/frames.pas
// Delphi:      dcc64 -Ubindings\delphi examples\delphi\frames.pas
// Run:         frames HOST PORT TLS(0|1) [CA.pem] [PATH]; the system must find the library
program frames;

{$IFDEF FPC}{$MODE DELPHIUNICODE}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses {$IFDEF UNIX}cwstring, {$ENDIF}WebSocket, Rest;

// Each step returns an empty text, or why it failed.
function OpenSession(rest: HCkRest; ws: HCkWebSocket; const host: string; port: Integer;
  tls: Boolean; const ca, path: string): string;
begin
  if (ca <> '') and not CkRest_AddTrustedCaPem(rest, PWideChar(ca)) then
    Exit(CkRest__lastErrorText(rest));
  if not CkRest_Connect(rest, PWideChar(host), port, tls, False) then
    Exit(CkRest__lastErrorText(rest));
  if not CkWebSocket_UseConnection(ws, rest) or not CkWebSocket_AddClientHeaders(ws) then
    Exit(CkWebSocket__lastErrorText(ws));
  Result := CkRest__fullRequestNoBody(rest, 'GET', PWideChar(path));
  if not CkRest_getLastMethodSuccess(rest) then
    Exit(CkRest__lastErrorText(rest));
  if not CkWebSocket_ValidateServerHandshake(ws) then
    Exit(string(CkWebSocket__lastErrorText(ws)) + Result);
  Result := '';
end;

function Talk(ws: HCkWebSocket): string;
begin
  Result := '';
  if not CkWebSocket_SendFrame(ws, 'a message ', False) or
    not CkWebSocket_SendFrame(ws, 'in three ', False) or
    not CkWebSocket_SendFrame(ws, 'frames', True) then
    Exit(CkWebSocket__lastErrorText(ws));
  repeat
    if not CkWebSocket_ReadFrame(ws) then
      Exit(CkWebSocket__lastErrorText(ws));
    Write('frame: ', string(CkWebSocket__frameOpcode(ws)));
    WriteLn(', final: ', CkWebSocket_getFinalFrame(ws));
  until CkWebSocket_getFinalFrame(ws) or CkWebSocket_getCloseReceived(ws);
  WriteLn('message: ', string(CkWebSocket__getFrameData(ws)));
  if not CkWebSocket_SendClose(ws, True, 1000, 'done') or not CkWebSocket_ReadFrame(ws) then
    Exit(CkWebSocket__lastErrorText(ws));
  WriteLn(string(CkWebSocket__frameOpcode(ws)), ': ', CkWebSocket_getCloseStatusCode(ws));
end;

var
  http: HCkRest;
  ws: HCkWebSocket;
  port, code: Integer;
  problem: string;
begin
  Val(ParamStr(2), port, code);
  http := CkRest_Create;
  ws := CkWebSocket_Create;
  problem := OpenSession(http, ws, ParamStr(1), port, ParamStr(3) = '1', ParamStr(4), ParamStr(5));
  if problem = '' then
    problem := Talk(ws);
  if problem <> '' then begin
    WriteLn(problem);
    ExitCode := 1;
  end;
  CkWebSocket_Dispose(ws);
  CkRest_Dispose(http);
end.

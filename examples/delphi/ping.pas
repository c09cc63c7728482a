// ping: asks an echo server for signs of life, between the frames of a message and by itself.
//
// Free Pascal: fpc -FcUTF8 -Fubindings/delphi -Fltarget/release examples/delphi/ping.pas
// Delphi:      dcc64 -Ubindings\delphi examples\delphi\ping.pas
// Run:         ping HOST PORT TLS(0|1) [CA.pem] [PATH]; the system must find the library
program ping;

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
  // ReadFrame passes over the Pong that answers this Ping.
  if not CkWebSocket_SendFrame(ws, 'before the ping, ', False) or
    not CkWebSocket_SendPing(ws, 'are you there?') or
    not CkWebSocket_SendFrame(ws, 'after the ping', True) or not CkWebSocket_ReadFrame(ws) then
    Exit(CkWebSocket__lastErrorText(ws));
  WriteLn('pong passed over: ', CkWebSocket_getPongConsumed(ws));
  WriteLn('message: ', string(CkWebSocket__getFrameData(ws)));
  // Now ReadFrame shows it.
  CkWebSocket_putPongAutoConsume(ws, False);
  if not CkWebSocket_SendPing(ws, 'still there?') or not CkWebSocket_ReadFrame(ws) then
    Exit(CkWebSocket__lastErrorText(ws));
  WriteLn('frame: ', string(CkWebSocket__frameOpcode(ws)));
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

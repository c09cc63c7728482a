// tls_own_ca: a server whose certificate comes from a private CA. Without that CA's certificate
// the connection is refused; with it, it is made and checked.
//
// Free Pascal: fpc -FcUTF8 -Fubindings/delphi -Fltarget/release examples/delphi/tls_own_ca.pas
// Delphi:      dcc64 -Ubindings\delphi examples\delphi\tls_own_ca.pas
// Run:         tls_own_ca HOST PORT CA.pem [PATH]; the system must find the library
program tls_own_ca;

{$IFDEF FPC}{$MODE DELPHIUNICODE}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses {$IFDEF UNIX}cwstring, {$ENDIF}WebSocket, Rest;

// Each step returns an empty text, or why it failed.
function ConnectTwice(rest: HCkRest; const host: string; port: Integer; const ca: string): string;
begin
  Result := '';
  if CkRest_Connect(rest, PWideChar(host), port, True, False) then
    Exit('The system trusts this server; its CA is not a private one.');
  WriteLn('without the CA: refused, reason ', CkRest_getConnectFailReason(rest));
  if not CkRest_AddTrustedCaPem(rest, PWideChar(ca)) or
    not CkRest_Connect(rest, PWideChar(host), port, True, False) then
    Exit(CkRest__lastErrorText(rest));
  WriteLn('with the CA: ', string(CkRest__tlsVersion(rest)));
end;

function Talk(rest: HCkRest; ws: HCkWebSocket; const path: string): string;
begin
  Result := '';
  if not CkWebSocket_UseConnection(ws, rest) or not CkWebSocket_AddClientHeaders(ws) then
    Exit(CkWebSocket__lastErrorText(ws));
  CkRest__fullRequestNoBody(rest, 'GET', PWideChar(path));
  if not CkRest_getLastMethodSuccess(rest) then
    Exit(CkRest__lastErrorText(rest));
  if not CkWebSocket_ValidateServerHandshake(ws) or
    not CkWebSocket_SendFrame(ws, 'nobody else can read this', True) or
    not CkWebSocket_ReadFrame(ws) then
    Exit(CkWebSocket__lastErrorText(ws));
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
  problem := ConnectTwice(http, ParamStr(1), port, ParamStr(3));
  if problem = '' then
    problem := Talk(http, ws, ParamStr(4));
  if problem <> '' then begin
    WriteLn(problem);
    ExitCode := 1;
  end;
  CkWebSocket_Dispose(ws);
  CkRest_Dispose(http);
end.

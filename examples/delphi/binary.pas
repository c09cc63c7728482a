// binary: sends bytes to an echo server and shows what comes back.
//
// Free Pascal: fpc -FcUTF8 -Fubindings/delphi -Fltarget/release examples/delphi/binary.pas
// Delphi:      dcc64 -Ubindings\delphi examples\delphi\binary.pas
// Run:         binary HOST PORT TLS(0|1) [CA.pem] [PATH]; the system must find the library
program binary;

{$IFDEF FPC}{$MODE DELPHIUNICODE}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses {$IFDEF UNIX}cwstring, {$ENDIF}WebSocket, Rest, BinData;

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

function Talk(ws: HCkWebSocket; bd: HCkBinData): string;
const
  bytes: array [0..4] of Byte = ($00, $01, $80, $FE, $FF);
begin
  Result := '';
  CkBinData_AppendBinary2(bd, @bytes, SizeOf(bytes));
  CkBinData_AppendEncoded(bd, 'b3BlbmNr', 'base64');
  if not CkWebSocket_SendFrameBd(ws, bd, True) or not CkWebSocket_ReadFrame(ws) then
    Exit(CkWebSocket__lastErrorText(ws));
  if not CkBinData_Clear(bd) or not CkWebSocket_GetFrameDataBd(ws, bd) then
    Exit(CkWebSocket__lastErrorText(ws));
  WriteLn(string(CkWebSocket__frameOpcode(ws)), ': ', string(CkBinData__getEncoded(bd, 'hex')));
  if not CkWebSocket_SendClose(ws, True, 1000, 'done') or not CkWebSocket_ReadFrame(ws) then
    Exit(CkWebSocket__lastErrorText(ws));
  WriteLn(string(CkWebSocket__frameOpcode(ws)), ': ', CkWebSocket_getCloseStatusCode(ws));
end;

var
  http: HCkRest;
  ws: HCkWebSocket;
  bd: HCkBinData;
  port, code: Integer;
  problem: string;
begin
  Val(ParamStr(2), port, code);
  http := CkRest_Create;
  ws := CkWebSocket_Create;
  bd := CkBinData_Create;
  problem := OpenSession(http, ws, ParamStr(1), port, ParamStr(3) = '1', ParamStr(4), ParamStr(5));
  if problem = '' then
    problem := Talk(ws, bd);
  if problem <> '' then begin
    WriteLn(problem);
    ExitCode := 1;
  end;
  CkBinData_Dispose(bd);
  CkWebSocket_Dispose(ws);
  CkRest_Dispose(http);
end.

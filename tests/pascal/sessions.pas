// Sessions over ws and wss, with a local variable that has the name of the unit Rest.
program sessions;

{$MODE DELPHIUNICODE}

uses
  cwstring, SysUtils, WebSocket, Rest, BinData, Tap, TestServer;

// A session in the words of a program for the original.
procedure WholeSession(const scheme: string);
var
  rest: HCkRest;
  ws: HCkWebSocket;
  success: Boolean;
  responseBody: PWideChar;
  statusCode: Integer;
  finalFrame: Boolean;
begin
  rest := CkRest_Create;
  success := CkRest_AddTrustedCaPem(rest, PWideChar(ServerCa));
  Ok(success, scheme + ': AddTrustedCaPem');
  success := CkRest_Connect(rest, 'localhost', ServerPort(scheme), scheme <> 'ws', False);
  Ok(success, scheme + ': Connect');
  ws := CkWebSocket_Create;
  success := CkWebSocket_UseConnection(ws, rest);
  Ok(success, scheme + ': UseConnection');
  CkWebSocket_AddClientHeaders(ws);
  responseBody := CkRest__fullRequestNoBody(rest, 'GET', '/echo');
  Ok(CkRest_getLastMethodSuccess(rest), scheme + ': FullRequestNoBody');
  statusCode := CkRest_getResponseStatusCode(rest);
  Ok((statusCode = 101) and (responseBody^ = #0), scheme + ': status 101, no body');
  success := CkWebSocket_ValidateServerHandshake(ws);
  Ok(success, scheme + ': ValidateServerHandshake');
  CkRest_Dispose(rest);

  finalFrame := False;
  success := CkWebSocket_SendFrame(ws, 'one ', finalFrame);
  success := success and CkWebSocket_SendPing(ws, 'between');
  success := success and CkWebSocket_SendFrame(ws, 'two ', finalFrame);
  finalFrame := True;
  success := success and CkWebSocket_SendFrame(ws, 'three', finalFrame);
  Ok(success, scheme + ': three frames');
  repeat
    success := CkWebSocket_ReadFrame(ws);
    Ok(success, scheme + ': ReadFrame');
    finalFrame := CkWebSocket_getFinalFrame(ws);
  until finalFrame or not success;
  Ok(CkWebSocket_getPongConsumed(ws), scheme + ': the pong was passed over');
  IsText(CkWebSocket__getFrameData(ws), 'one two three', scheme + ': one message');

  success := CkWebSocket_SendClose(ws, True, 1000, 'Closing this websocket.');
  Ok(success, scheme + ': SendClose');
  success := CkWebSocket_ReadFrame(ws);
  Ok(success, scheme + ': the answer');
  Ok(CkWebSocket__frameOpcode(ws) = string('Close'), scheme + ': is a Close');
  IsText('code ' + IntToStr(CkWebSocket_getCloseStatusCode(ws)), 'code 1000', scheme + ': 1000');
  Ok(not CkWebSocket_getIsConnected(ws), scheme + ': the end');
  CkWebSocket_Dispose(ws);
end;

procedure Binary(const scheme: string);
var
  session: TSession;
  bytes: array [0 .. 99999] of Byte;
  sent, received: HCkBinData;
  i: Integer;
begin
  for i := 0 to High(bytes) do
    bytes[i] := Byte(i * 7 + i div 256);
  sent := CkBinData_Create;
  received := CkBinData_Create;
  Ok(OpenSession(session, scheme, '/echo'), scheme + ': binary');
  Ok(CkBinData_AppendBinary2(sent, @bytes, SizeOf(bytes)), 'an array of bytes');
  Ok(CkWebSocket_SendFrameBd(session.Ws, sent, True), 'is sent');
  Ok(CkWebSocket_ReadFrame(session.Ws), 'its echo is read');
  IsInt(CkWebSocket_getFrameOpcodeInt(session.Ws), 2, 'it is binary');
  Ok(CkWebSocket_GetFrameDataBd(session.Ws, received), 'it is taken');
  IsInt(CkBinData_getNumBytes(received), SizeOf(bytes), 'all of it');
  Ok(CompareMem(CkBinData_GetBytesPtr(received), @bytes, SizeOf(bytes)), 'and the same');
  CkBinData_Dispose(sent);
  CkBinData_Dispose(received);
  EndSession(session);
end;

procedure Refused;
var
  rest: HCkRest;
  ws: HCkWebSocket;
  body: string;
begin
  rest := CkRest_Create;
  ws := CkWebSocket_Create;
  Ok(CkRest_Connect(rest, '127.0.0.1', ServerPort('ws'), False, False), 'a server that refuses');
  CkWebSocket_UseConnection(ws, rest);
  CkWebSocket_AddClientHeaders(ws);
  body := CkRest__fullRequestNoBody(rest, 'GET', '/status/403?body=caf%C3%A9');
  IsInt(CkRest_getResponseStatusCode(rest), 403, 'status 403');
  HasText(body, 'caf', 'with a body');
  Ok(not CkWebSocket_ValidateServerHandshake(ws), 'is no session');
  HasText(CkWebSocket__lastErrorText(ws), '403', 'and the error says why');
  Ok(not CkRest_Connect(rest, 'localhost', ServerPort('wss'), True, False), 'an unknown CA');
  IsInt(CkRest_getConnectFailReason(rest), 106, 'is reason 106');
  CkWebSocket_Dispose(ws);
  CkRest_Dispose(rest);
end;

procedure Failures;
var
  session: TSession;
begin
  Ok(OpenSession(session, 'ws', '/partial'), 'half a frame');
  CkWebSocket_putIdleTimeoutMs(session.Ws, 100);
  Ok(not CkWebSocket_ReadFrame(session.Ws), 'a timeout');
  IsInt(CkWebSocket_getReadFrameFailReason(session.Ws), 1, 'is reason 1');
  CkWebSocket_putIdleTimeoutMs(session.Ws, 30000);
  Ok(CkWebSocket_SendPing(session.Ws, ''), 'the server goes on');
  Ok(CkWebSocket_ReadFrame(session.Ws), 'and the reader, too');
  IsText(CkWebSocket__getFrameData(session.Ws), 'early and late', 'nothing is lost');
  EndSession(session);
  Ok(OpenSession(session, 'wss', '/bad-utf8'), 'bad text');
  Ok(not CkWebSocket_ReadFrame(session.Ws), 'is refused');
  IsInt(CkWebSocket_getReadFrameFailReason(session.Ws), 4, 'with reason 4');
  EndSession(session);
end;

begin
  WholeSession('ws');
  WholeSession('wss');
  Binary('ws');
  Binary('wss');
  Refused;
  Failures;
  Finish;
end.

// Floating point exceptions: Pascal programs raise them. No call of the library does, and none
// changes what is masked.
program floats;

{$MODE DELPHIUNICODE}

uses
  cwstring, SysUtils, Math, WebSocket, Rest, Tap, TestServer;

var
  Zero: Double = 0.0;

function DivisionRaises: Boolean;
var
  quotient: Double;
begin
  Result := False;
  try
    quotient := 1.0 / Zero;
    if quotient = 0 then
      WriteLn('# no quotient');
  except
    on EZeroDivide do
      Result := True;
  end;
end;

procedure Everything(const scheme: string);
var
  session: TSession;
  rest: HCkRest;
begin
  try
    Ok(OpenSession(session, scheme, '/echo'), scheme + ': a session');
    Ok(DivisionRaises, scheme + ': divisions raise after Connect');
    Ok(CkWebSocket_SendFrame(session.Ws, 'text', True), scheme + ': SendFrame');
    Ok(CkWebSocket_ReadFrame(session.Ws), scheme + ': ReadFrame');
    IsText(CkWebSocket__getFrameData(session.Ws), 'text', scheme + ': the text');
    CkWebSocket_putIdleTimeoutMs(session.Ws, 50);
    Ok(not CkWebSocket_ReadFrame(session.Ws), scheme + ': a timeout');
    EndSession(session);
    rest := CkRest_Create;
    Ok(not CkRest_Connect(rest, 'localhost', ServerPort('wss_expired'), True, False),
      'a certificate that has expired');
    Ok(not CkRest_Connect(rest, 'no.such.name.invalid', 80, False, False), 'an unknown name');
    CkRest_Dispose(rest);
  except
    on E: Exception do
      Ok(False, scheme + ' raised ' + string(E.ClassName));
  end;
end;

var
  before: TFPUExceptionMask;
begin
  before := GetExceptionMask;
  Ok(not (exZeroDivide in before) and not (exInvalidOp in before), 'exceptions are not masked');
  Ok(DivisionRaises, 'divisions raise');
  Everything('ws');
  Everything('wss');
  Ok(GetExceptionMask = before, 'the mask is unchanged');
  Ok(DivisionRaises, 'divisions still raise');
  Finish;
end.

// Boolean variables and expressions as arguments, LongBool results: what arrives, and what comes
// back. The upper bytes of a Boolean argument are rubbish; LongBool parameters make it whole.
program booleans;

{$MODE DELPHIUNICODE}

uses
  cwstring, SysUtils, WebSocket, Rest, StringBuilder, Tap, TestServer;

function IsEven(number: Integer): Boolean;
begin
  Result := number mod 2 = 0;
end;

procedure Properties;
var
  ws: HCkWebSocket;
  value: Boolean;
  number: Integer;
begin
  ws := CkWebSocket_Create;
  for number := 1 to 4 do begin
    value := IsEven(number);
    CkWebSocket_putPingAutoRespond(ws, value);
    Ok(CkWebSocket_getPingAutoRespond(ws) = value, 'a Boolean variable comes back');
    CkWebSocket_putPingAutoRespond(ws, number > 2);
    IsInt(Integer(CkWebSocket_getPingAutoRespond(ws)), Ord(number > 2), 'as 0 or 1');
    CkWebSocket_putPingAutoRespond(ws, not CkWebSocket_getPingAutoRespond(ws));
    Ok(CkWebSocket_getPingAutoRespond(ws) <> (number > 2), 'not works on a result');
  end;
  value := CkWebSocket_getCloseAutoRespond(ws);
  Ok(value, 'a result fits into a Boolean');
  Ok(value = True, 'and equals True');
  Ok(not (CkWebSocket_SendFrame(ws, 'x', True) = True), 'a failure is not True');
  Ok(CkWebSocket_SendFrame(ws, 'x', True) <> True, 'as the samples of the original write it');
  CkWebSocket_Dispose(ws);
end;

procedure Query;
var
  sb: HCkStringBuilder;
  sensitive: Boolean;
begin
  sb := CkStringBuilder_Create;
  CkStringBuilder_Append(sb, 'Needle');
  sensitive := IsEven(3);
  Ok(CkStringBuilder_Contains(sb, 'needle', sensitive), 'a False variable arrives as False');
  sensitive := IsEven(2);
  Ok(not CkStringBuilder_Contains(sb, 'needle', sensitive), 'a True variable arrives as True');
  CkStringBuilder_Dispose(sb);
end;

// The server reports the bits of each frame.
procedure FinalFrames;
var
  session: TSession;
  final: Boolean;
  number: Integer;
  want: string;
begin
  Ok(OpenSession(session, 'ws', '/report'), 'a server that reports');
  for number := 1 to 6 do begin
    final := IsEven(number);
    Ok(CkWebSocket_SendFrame(session.Ws, 'part', final), 'a frame');
    Ok(CkWebSocket_ReadFrame(session.Ws), 'its report');
    want := 'fin=' + IntToStr(Ord(final)) + ' ';
    HasText(CkWebSocket__getFrameData(session.Ws), want, 'the bit is ' + want);
  end;
  final := not final;
  Ok(CkWebSocket_SendClose(session.Ws, number < 0, 1000, 'no status'), 'a Close without status');
  Ok(CkWebSocket_ReadFrame(session.Ws), 'its report');
  IsText(CkWebSocket__getFrameData(session.Ws), 'fin=1 rsv=0 opcode=8 masked=1 payload=',
    'it is empty');
  EndSession(session);
end;

begin
  Properties;
  Query;
  FinalFrames;
  Finish;
end.

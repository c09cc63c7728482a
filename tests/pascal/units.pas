// All units compile and link together; every class can be created.
program units;

{$MODE DELPHIUNICODE}

uses
  cwstring, SysUtils, WebSocket, Rest, BinData, StringBuilder, Global, CkString, CkByteData, Tap;

procedure Classes;
var
  // Names of units are good names of variables in Pascal.
  webSocket: HCkWebSocket;
  rest: HCkRest;
  binData: HCkBinData;
  stringBuilder: HCkStringBuilder;
  global: HCkGlobal;
  text: HCkString;
  bytes: HCkByteData;
begin
  webSocket := CkWebSocket_Create;
  rest := CkRest_Create;
  binData := CkBinData_Create;
  stringBuilder := CkStringBuilder_Create;
  global := CkGlobal_Create;
  text := CkString_Create;
  bytes := CkByteData_Create;
  Ok((webSocket <> nil) and (rest <> nil) and (binData <> nil), 'objects are created');
  Ok((stringBuilder <> nil) and (global <> nil) and (text <> nil), 'of every class');
  Ok(bytes <> nil, 'CkByteData');
  IsText(CkRest__version(rest), CkWebSocket__version(webSocket), 'they are of one version');
  Ok(CkGlobal_UnlockBundle(global, 'Anything for 30-day trial'), 'UnlockBundle succeeds');
  IsInt(CkGlobal_getUnlockStatus(global), 2, 'UnlockStatus is 2');
  IsText(IntToStr(CkGlobal_getUnlockStatus(global)), '2', 'as a text, too');
  CkRest_putIdleTimeoutMs(rest, 1234);
  IsText(IntToStr(CkRest_getIdleTimeoutMs(rest)), '1234', 'IntToStr of a getter');
  CkByteData_Dispose(bytes);
  CkString_Dispose(text);
  CkGlobal_Dispose(global);
  CkStringBuilder_Dispose(stringBuilder);
  CkBinData_Dispose(binData);
  CkRest_Dispose(rest);
  CkWebSocket_Dispose(webSocket);
end;

// Failed calls tell by their result; none raises.
procedure NothingRaises(handle: Pointer; const what: string);
begin
  try
    Ok(not CkWebSocket_ReadFrame(handle), what + ': ReadFrame');
    Ok(not CkWebSocket_SendFrame(handle, 'x', True), what + ': SendFrame');
    Ok(not CkRest_Connect(handle, 'localhost', 80, False, False), what + ': Connect');
    Ok(CkRest__fullRequestNoBody(handle, 'GET', '/') = nil, what + ': fullRequestNoBody');
    Ok(CkWebSocket__lastErrorXml(handle) = nil, what + ': lastErrorXml');
    IsText(CkWebSocket__lastErrorXml(handle), '', what + ': nil is an empty string');
    HasText(CkWebSocket__lastErrorText(handle), 'WebSocket', what + ': lastErrorText tells');
    IsInt(CkWebSocket_getFrameDataLen(handle), 0, what + ': getFrameDataLen');
    Ok(CkByteData_getData(handle) = nil, what + ': getData');
    Ok(CkString_getString(handle) = nil, what + ': getString');
    CkWebSocket_Dispose(handle);
  except
    on E: Exception do
      Ok(False, what + ' raised ' + string(E.ClassName));
  end;
end;

var
  gone: HCkWebSocket;
begin
  Classes;
  NothingRaises(nil, 'nil');
  gone := CkWebSocket_Create;
  CkWebSocket_Dispose(gone);
  NothingRaises(gone, 'a disposed object');
  NothingRaises(Pointer(NativeUInt(305419896)), 'no handle at all');
  Finish;
end.

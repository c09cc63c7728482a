// Text both ways: accents, text beyond the BMP, nil, CkString and CkByteData.
program texts;

{$MODE DELPHIUNICODE}

uses
  cwstring, SysUtils, WebSocket, Rest, BinData, StringBuilder, CkString, CkByteData, Tap,
  TestServer;

const
  Accents = 'caf'#$00E9' '#$20AC' '#$D83D#$DE00;
  Literal = 'café € 😀';

procedure ThereAndBack(const scheme: string);
var
  session: TSession;
  text: string;
  sb: HCkStringBuilder;
  i: Integer;
begin
  Ok(OpenSession(session, scheme, '/echo'), scheme);
  text := Accents;
  Ok(CkWebSocket_SendFrame(session.Ws, PWideChar(text), True), 'a string is sent');
  Ok(CkWebSocket_ReadFrame(session.Ws), 'its echo is read');
  IsInt(CkWebSocket_getFrameDataLen(session.Ws), 14, 'it has 14 bytes');
  text := CkWebSocket__getFrameData(session.Ws);
  IsText(text, Accents, 'it is the same text');
  IsText(text, Literal, 'and the same as a literal');
  IsInt(Length(text), 9, 'of 9 UTF-16 units');
  Ok(CkWebSocket_SendFrame(session.Ws, 'literal'#13#10, True), 'a literal is sent');
  Ok(CkWebSocket_ReadFrame(session.Ws), 'its echo is read');
  text := 'received: ' + CkWebSocket__getFrameData(session.Ws);
  IsText(text, 'received: literal'#13#10, 'a result can be added to a string');

  text := '';
  for i := 1 to 70000 do
    text := text + WideChar($4E00 + i mod 1000);
  sb := CkStringBuilder_Create;
  CkStringBuilder_Append(sb, PWideChar(text));
  Ok(CkWebSocket_SendFrameSb(session.Ws, sb, True), 'a long text is sent');
  Ok(CkWebSocket_ReadFrame(session.Ws), 'its echo is read');
  IsInt(CkWebSocket_getFrameDataLen(session.Ws), 210000, 'all of it');
  Ok(text = CkWebSocket__getFrameData(session.Ws), 'and the same');
  CkStringBuilder_Dispose(sb);

  Ok(not CkWebSocket_SendFrame(session.Ws, 'half'#$D83D, True), 'half a pair is refused');
  Ok(not CkWebSocket_SendFrame(session.Ws, nil, True), 'nil is refused');
  HasText(CkWebSocket__lastErrorText(session.Ws), 'NULL', 'the error says so');
  Ok(CkWebSocket_getIsConnected(session.Ws), 'the session lives');
  EndSession(session);
end;

procedure Nil_;
var
  rest: HCkRest;
  bd: HCkBinData;
  text: string;
begin
  rest := CkRest_Create;
  bd := CkBinData_Create;
  Ok(not CkRest_Connect(rest, nil, 80, False, False), 'Connect to nil');
  Ok(not CkRest_AddHeader(rest, 'X', nil), 'a header of nil');
  Ok(not CkBinData_AppendString(bd, nil, 'utf-8'), 'AppendString of nil');
  Ok(CkBinData__getEncoded(bd, 'no such') = nil, 'a failed text method gives nil');
  text := CkBinData__getEncoded(bd, 'no such');
  IsText(text, '', 'which is an empty string');
  Ok(not CkBinData_getLastMethodSuccess(bd), 'LastMethodSuccess tells the difference');
  text := CkBinData__getEncoded(bd, 'hex');
  Ok((text = '') and CkBinData_getLastMethodSuccess(bd), 'from an empty result');
  Ok(not CkBinData_GetEncoded(bd, 'hex', nil), 'nil for a CkString');
  CkBinData_Dispose(bd);
  CkRest_Dispose(rest);
end;

procedure OutObjects;
var
  text: HCkString;
  bytes: HCkByteData;
  bd: HCkBinData;
  ws: HCkWebSocket;
begin
  text := CkString_Create;
  bytes := CkByteData_Create;
  bd := CkBinData_Create;
  ws := CkWebSocket_Create;
  CkString_setStringU(text, Accents);
  IsText(CkString_getUnicode(text), Accents, 'CkString takes and gives UTF-16');
  IsInt(CkString_getNumChars(text), 8, 'of 8 characters');
  IsInt(CkString_getSizeUtf8(text), 14, 'and 14 bytes');
  IsText(UTF8ToString(RawByteString(CkString_getStringUtf8(text))), Accents, 'as UTF-8');
  CkString_setStringUtf8(text, PAnsiChar(UTF8Encode(Accents)));
  CkString_appendU(text, '!');
  IsText(CkString_getUnicode(text), Accents + '!', 'from UTF-8');
  CkWebSocket_ReadFrame(ws);
  CkWebSocket_getLastErrorText(ws, text);
  IsText(CkString_getUnicode(text), CkWebSocket__lastErrorText(ws), 'a getter into a CkString');

  Ok(CkBinData_AppendString(bd, Accents, 'utf-16'), 'text into a BinData');
  Ok(CkBinData_GetBinary(bd, bytes), 'GetBinary');
  IsInt(CkByteData_getSize(bytes), 18, 'has all bytes');
  Ok(CompareMem(CkByteData_getData(bytes), PWideChar(Accents), 18), 'which are UTF-16');
  Ok(CkBinData_GetEncoded(bd, 'base64', text), 'GetEncoded');
  IsText(CkString_getUnicode(text), 'YwBhAGYA6QAgAKwgIAA92ADe', 'as base64');
  CkWebSocket_Dispose(ws);
  CkBinData_Dispose(bd);
  CkByteData_Dispose(bytes);
  CkString_Dispose(text);
end;

// The last texts of an object live on, so that several fit into one expression.
procedure Ring;
var
  sb: HCkStringBuilder;
  first, second: PWideChar;
begin
  sb := CkStringBuilder_Create;
  CkStringBuilder_Append(sb, 'abcdef');
  first := CkStringBuilder__getRange(sb, 0, 3, False);
  second := CkStringBuilder__getRange(sb, 3, 3, False);
  IsText(first, 'abc', 'the first text');
  IsText(second, 'def', 'and the second');
  IsText(string(CkStringBuilder__getRange(sb, 0, 1, False)) + CkStringBuilder__getAsString(sb),
    'aabcdef', 'two calls in one expression');
  CkStringBuilder_Dispose(sb);
end;

begin
  ThereAndBack('ws');
  ThereAndBack('wss');
  Nil_;
  OutObjects;
  Ring;
  Finish;
end.

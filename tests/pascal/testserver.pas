// The test server of tests/support as a child process. It prints a line of JSON with its ports and
// lives until its standard input is closed.
unit TestServer;

{$MODE DELPHIUNICODE}

interface

uses WebSocket, Rest;

type
  TSession = record
    Http: HCkRest;
    Ws: HCkWebSocket;
  end;

// The port behind a key of the server's line, such as 'ws' or 'wss'.
function ServerPort(const key: string): Integer;
// The file with the certificate of the server's CA.
function ServerCa: string;

// Connects to a path of the server and does the handshake.
function OpenSession(out session: TSession; const scheme, path: string): Boolean;
procedure EndSession(const session: TSession);

implementation

uses Classes, Process, SysUtils, Tap;

var
  Server: TProcess;
  Line: string;

function Value(const key: string): string;
var
  start, stop: Integer;
begin
  start := Pos('"' + key + '":', Line) + Length(key) + 3;
  stop := start;
  while (stop <= Length(Line)) and not CharInSet(Line[stop], [',', '}']) do
    Inc(stop);
  Result := StringReplace(Copy(Line, start, stop - start), '"', '', [rfReplaceAll]);
end;

function ServerPort(const key: string): Integer;
begin
  Result := StrToInt(Value(key));
end;

function ServerCa: string;
begin
  Result := Value('ca');
end;

function OpenSession(out session: TSession; const scheme, path: string): Boolean;
begin
  session.Http := CkRest_Create;
  session.Ws := CkWebSocket_Create;
  Result := CkRest_AddTrustedCaPem(session.Http, PWideChar(ServerCa))
    and CkRest_Connect(session.Http, 'localhost', ServerPort(scheme), scheme <> 'ws', False)
    and CkWebSocket_UseConnection(session.Ws, session.Http)
    and CkWebSocket_AddClientHeaders(session.Ws)
    and (CkRest__fullRequestNoBody(session.Http, 'GET', PWideChar(path)) <> nil)
    and CkWebSocket_ValidateServerHandshake(session.Ws);
  if not Result then begin
    WriteLn('# ', UTF8Encode(string(CkRest__lastErrorText(session.Http))));
    WriteLn('# ', UTF8Encode(string(CkWebSocket__lastErrorText(session.Ws))));
  end;
end;

procedure EndSession(const session: TSession);
begin
  CkWebSocket_Dispose(session.Ws);
  CkRest_Dispose(session.Http);
end;

procedure Start;
var
  c: AnsiChar;
begin
  Server := TProcess.Create(nil);
  Server.Executable := GetEnvironmentVariable('OPENCK_TEST_SERVER');
  Server.Options := [poUsePipes];
  Server.Execute;
  c := #0;
  while (c <> #10) and (Server.Output.Read(c, 1) = 1) do
    Line := Line + WideChar(c);
  if c <> #10 then begin
    WriteLn('Bail out! The test server printed no ports.');
    Halt(1);
  end;
end;

initialization
  Start;

finalization
  Server.CloseInput;
  Server.WaitOnExit;
  Server.Free;
end.

program form;

{ Clicks the button of a user's form; its memo is the standard output. }

uses
  {$IFDEF UNIX} cwstring, {$ENDIF} System.Classes, Vcl.StdCtrls, Unit1;

var
  Form1: TForm1;

begin
  Form1 := TForm1.Create(nil);
  Form1.Memo1 := TMemo.Create(Form1);
  Form1.Button1 := TButton.Create(Form1);
  Form1.Button1Click(Form1.Button1);
end.

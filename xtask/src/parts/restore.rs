//! Gives the programs that users sent their line breaks and indentation back, which were lost on
//! the way. Only white space changes; [`same_program`] proves it.

/// The text is the same apart from white space.
pub(crate) fn same_program(one: &str, other: &str) -> bool {
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    dense(one) == dense(other)
}

/// Breaks a Tcl program that is one line before every command, comment and closing brace.
pub(crate) fn tcl(line: &str) -> String {
    let mut text = line.to_owned();
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut open = Vec::new();
    let mut in_comment = false;
    for (i, word) in words.iter().enumerate() {
        let before = if i == 0 { "" } else { words[i - 1] };
        let block = !in_comment && (before == "{" || (before == "}" && !word.starts_with("else")));
        let starts = *word == "#" || *word == "}" || block || is_command(&words[i..], in_comment);
        if open.is_empty() && starts {
            let at = word.as_ptr() as usize - line.as_ptr() as usize;
            if at > 0 {
                text.replace_range(at - 1..at, "\n");
            }
            in_comment = *word == "#";
        }
        if !in_comment {
            track(word, &mut open);
        }
    }
    text
}

/// Whether these words begin a command. Comments are prose, so what follows must fit as well.
fn is_command(words: &[&str], in_comment: bool) -> bool {
    let follows =
        |index: usize, first: &[char]| words.get(index).is_some_and(|word| word.starts_with(first));
    let value = ['[', '"', '$', '{', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
    match words.first().copied().unwrap_or_default() {
        "set" => follows(2, &value) && words[1] != "to",
        "if" | "while" => follows(1, &['{']),
        "puts" => follows(1, &['[', '"', '$']),
        "load" => follows(1, &['.', '/']),
        "exit" => !in_comment,
        word => word.starts_with("delete_Ck") || (word.starts_with("Ck") && word.contains('_')),
    }
}

/// Keeps the stack of quotes, brackets and braces that a word leaves open. A brace that stands
/// alone begins or ends a block and is no argument.
fn track(word: &str, open: &mut Vec<char>) {
    if word == "{" || word == "}" {
        return;
    }
    let mut escaped = false;
    for char in word.chars() {
        match (char, open.last()) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            ('"', Some('"')) | (']', Some('[')) | ('}', Some('{')) => drop(open.pop()),
            ('"' | '[', _) => open.push(char),
            ('{', top) if top != Some(&'"') => open.push(char),
            _ => {}
        }
    }
}

/// Indents a Python program that has none. The body of an `if` ends with `sys.exit()`, that of a
/// `while` with `print("--")`: nothing else in the text tells.
pub(crate) fn python(text: &str) -> String {
    let mut blocks: Vec<&str> = Vec::new();
    let mut program = String::new();
    for line in text.lines().map(str::trim) {
        program += &format!("{}{line}\n", "    ".repeat(blocks.len()));
        match line.split(' ').next().unwrap_or_default() {
            "if" if line.ends_with(':') => blocks.push("if"),
            "while" if line.ends_with(':') => blocks.push("while"),
            _ => {}
        }
        let last = blocks.last().copied();
        if (line == "sys.exit()" && last == Some("if"))
            || (line == "print(\"--\")" && last == Some("while"))
        {
            blocks.pop();
        }
    }
    program
}

/// The `uses` clause and the click procedure of a Delphi form, as they stand.
pub(crate) fn delphi(text: &str) -> Option<(&str, &str)> {
    let from = |start: &str| text.find(&format!("\n{start}")).map(|at| &text[at + 1..]);
    let uses = from("uses")?;
    let uses = &uses[..=uses.find(';')?];
    let body = from("procedure TForm1.Button1Click")?;
    let body = &body[..body.find("\nend;")? + "\nend;".len()];
    Some((uses, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcl_lines_come_back() {
        let line = "load ./x.dll # Words: set all, if puts and \"load\" can. # Next one. set a [new_CkX] \
                    CkX_Do $a \"if {x} # no } set b 1\" if {$a != 1} then { puts [CkX_t $a] \
                    delete_CkX $a exit } else { set b 0 } while {$b == 0} { set b [CkX_get_B $a] \
                    # Why: puts \"b [CkX_b $a]\" } delete_CkX $a";
        let expected = [
            "load ./x.dll",
            "# Words: set all, if puts and \"load\" can.",
            "# Next one.",
            "set a [new_CkX]",
            "CkX_Do $a \"if {x} # no } set b 1\"",
            "if {$a != 1} then {",
            "puts [CkX_t $a]",
            "delete_CkX $a",
            "exit",
            "} else {",
            "set b 0",
            "}",
            "while {$b == 0} {",
            "set b [CkX_get_B $a]",
            "# Why:",
            "puts \"b [CkX_b $a]\"",
            "}",
            "delete_CkX $a",
        ];
        let restored = tcl(line);
        assert_eq!(restored.lines().collect::<Vec<_>>(), expected);
        assert!(same_program(line, &restored));
    }

    #[test]
    fn python_bodies_are_indented() {
        let text = "while a == 0 :\nif (b):\nprint(b)\nsys.exit()\na = 1\nprint(\"--\")\nc = 2\n";
        let expected = "while a == 0 :\n    if (b):\n        print(b)\n        sys.exit()\n    \
                        a = 1\n    print(\"--\")\nc = 2\n";
        assert_eq!(python(text), expected);
    }

    #[test]
    fn delphi_parts_are_found() {
        let body = "procedure TForm1.Button1Click(S: TObject);\nbegin\n  end;\nend;";
        let text = format!("words\nuses\n  A, B;\n\n...\n{body}\nmore");
        assert_eq!(delphi(&text), Some(("uses\n  A, B;", body)));
    }

    #[test]
    fn another_word_is_another_program() {
        assert!(same_program("a  b\nc", "ab c"));
        assert!(!same_program("a b", "a c"));
    }
}

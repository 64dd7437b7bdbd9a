use super::*;

/// The definitions of a text in lines of `name: first line`, indented by how deep they are.
fn outline(extension: &str, text: &str) -> String {
    fn write(definitions: &[Definition], text: &str, depth: usize, lines: &mut String) {
        for definition in definitions {
            let first = text[definition.range.clone()].lines().next().unwrap_or_default().trim();
            lines.extend([&*"  ".repeat(depth), &definition.name, ": ", first, "\n"]);
            write(&definition.inner, text, depth + 1, lines);
        }
    }
    let language = Language::of(extension).expect("a known language");
    let mut lines = String::new();
    write(&definitions(text, language), text, 0, &mut lines);
    lines
}

#[test]
fn rust() {
    let text = "use x;\n\n/// Says.\n#[derive(Debug)]\npub struct Foo<T> { a: T }\n\nimpl<T> Show for Foo<T> {\n    \
        /// Doc.\n    fn show(&self) { fn inner() {} }\n}\n// Apart.\n\nmod tests { const X: u8 = 1; }\nmacro_rules! m { () => {} }\n";

    insta::assert_snapshot!(outline("rs", text), @"
    struct Foo: /// Says.
    impl Show for Foo<T>: impl<T> Show for Foo<T> {
      fn show: /// Doc.
        fn inner: fn inner() {}
    mod tests: mod tests { const X: u8 = 1; }
    macro_rules! m: macro_rules! m { () => {} }
    ");
}

#[test]
fn python() {
    let text = "import os\n\n# About.\n@cache\ndef f(x):\n    return x\n\nclass A(B):\n    \"\"\"Doc.\"\"\"\n\n    async def m(self):\n        pass\n";

    insta::assert_snapshot!(outline("py", text), @"
    def f: # About.
    class A: class A(B):
      def m: async def m(self):
    ");
}

#[test]
fn javascript_and_typescript() {
    let text = "import x from 'x';\n/** Doc. */\nexport default function f() {}\nexport const g = async () => { };\n\
        const n = 1;\nclass A { m() {} static s = 1; }\n";
    let types = "export interface I { a: string }\nexport abstract class B<T> { m(): void {} }\ntype T = string;\n\
        enum E { A }\nnamespace N { function f() {} }\ndeclare module 'm' { }\n";

    insta::assert_snapshot!(outline("js", text), @"
    function f: /** Doc. */
    const g: export const g = async () => { }
    class A: class A { m() {} static s = 1; }
      m: m() {}
    ");
    insta::assert_snapshot!(outline("ts", types), @"
    interface I: export interface I { a: string }
    class B: export abstract class B<T> { m(): void {} }
      m: m(): void {}
    type T: type T = string;
    enum E: enum E { A }
    namespace N: namespace N { function f() {} }
      function f: function f() {}
    module 'm': declare module 'm' { }
    ");
    insta::assert_snapshot!(outline("tsx", "const App = (p: P) => <b>{p.x}</b>;\n"), @"const App: const App = (p: P) => <b>{p.x}</b>");
}

#[test]
fn go() {
    let text = "package p\n\n// Server serves.\ntype Server struct {\n\ta int\n}\n\n// Run runs.\nfunc (s *Server) Run() {}\n\nfunc main() {}\n";

    insta::assert_snapshot!(outline("go", text), @"
    type Server: // Server serves.
    func (s *Server) Run: // Run runs.
    func main: func main() {}
    ");
}

#[test]
fn java() {
    let text = "package p;\n/** Doc. */\n@Deprecated\npublic class A {\n  A() {}\n  @Override\n  public int f(int x) { return x; }\n  record R(int a) {}\n}\ninterface I {}\n";

    insta::assert_snapshot!(outline("java", text), @"
    class A: /** Doc. */
      A: A() {}
      f: @Override
      record R: record R(int a) {}
    interface I: interface I {}
    ");
}

#[test]
fn c() {
    let text = "#ifndef H\n#define H\n/* Doc. */\nstatic char *copy(const char *from) { return 0; }\nstruct point { int x; };\n\
        typedef struct { int a; } pair;\nint (*table[2])(void);\nenum kind { A, B };\n#endif\n";

    insta::assert_snapshot!(outline("h", text), @"
    copy: /* Doc. */
    struct point: struct point { int x; }
    typedef pair: typedef struct { int a; } pair;
    enum kind: enum kind { A, B }
    ");
}

#[test]
fn broken_code_is_read_as_far_as_it_goes() {
    assert!(outline("rs", "fn a() {\n    let x = ;\n}\n\nfn b( {\n").starts_with("fn a: fn a() {\n"));
    assert_eq!(outline("py", ""), "");
}

#[test]
fn definitions_are_followed_into_each_other_only_so_far() {
    let modules = format!("{}{}", "mod a {".repeat(5_000), "}".repeat(5_000));

    let deepest = outline("rs", &modules).lines().count();

    assert_eq!(deepest, MAX_DEPTH);
}

#[test]
fn what_takes_the_parser_too_many_steps_has_no_definitions() {
    let noise: String = "(){}<>[];, =\n\"'`/*:a".chars().cycle().step_by(7).take(50_000).collect();
    let nested = "(".repeat(50_000);

    for language in ["rs", "py", "js", "ts", "tsx", "go", "java", "c"] {
        assert_eq!((outline(language, &noise).len(), outline(language, &nested).len()), (0, 0), "{language}");
    }
}

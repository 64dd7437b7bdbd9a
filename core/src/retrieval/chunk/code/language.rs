use tree_sitter::Node;

/// A programming language whose definitions are known.
pub(in crate::retrieval::chunk) struct Language {
    /// Endings of file names, in lower case.
    extensions: &'static [&'static str],
    pub(super) grammar: fn() -> tree_sitter::Language,
    /// Kinds of nodes that are definitions, each with the word before its name.
    definitions: &'static [(&'static str, &'static str)],
    /// Kinds of nodes around a definition that begin with it.
    wrappers: &'static [&'static str],
}

static LANGUAGES: [Language; 8] = [
    Language {
        extensions: &["rs"],
        grammar: || tree_sitter_rust::LANGUAGE.into(),
        definitions: &[
            ("function_item", "fn"),
            ("function_signature_item", "fn"),
            ("struct_item", "struct"),
            ("enum_item", "enum"),
            ("union_item", "union"),
            ("trait_item", "trait"),
            ("impl_item", "impl"),
            ("mod_item", "mod"),
            ("macro_definition", "macro_rules!"),
        ],
        wrappers: &[],
    },
    Language {
        extensions: &["py", "pyi"],
        grammar: || tree_sitter_python::LANGUAGE.into(),
        definitions: &[("class_definition", "class"), ("function_definition", "def")],
        wrappers: &["decorated_definition"],
    },
    Language {
        extensions: &["js", "mjs", "cjs", "jsx"],
        grammar: || tree_sitter_javascript::LANGUAGE.into(),
        definitions: SCRIPT,
        wrappers: SCRIPT_WRAPPERS,
    },
    Language {
        extensions: &["ts", "mts", "cts"],
        grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        definitions: SCRIPT,
        wrappers: SCRIPT_WRAPPERS,
    },
    Language {
        extensions: &["tsx"],
        grammar: || tree_sitter_typescript::LANGUAGE_TSX.into(),
        definitions: SCRIPT,
        wrappers: SCRIPT_WRAPPERS,
    },
    Language {
        extensions: &["go"],
        grammar: || tree_sitter_go::LANGUAGE.into(),
        definitions: &[
            ("function_declaration", "func"),
            ("method_declaration", "func"),
            ("type_spec", "type"),
            ("type_alias", "type"),
        ],
        wrappers: &["type_declaration"],
    },
    Language {
        extensions: &["java"],
        grammar: || tree_sitter_java::LANGUAGE.into(),
        definitions: &[
            ("class_declaration", "class"),
            ("interface_declaration", "interface"),
            ("enum_declaration", "enum"),
            ("record_declaration", "record"),
            ("annotation_type_declaration", "@interface"),
            ("method_declaration", ""),
            ("constructor_declaration", ""),
            ("compact_constructor_declaration", ""),
        ],
        wrappers: &[],
    },
    Language {
        extensions: &["c", "h"],
        grammar: || tree_sitter_c::LANGUAGE.into(),
        definitions: &[
            ("function_definition", ""),
            ("struct_specifier", "struct"),
            ("union_specifier", "union"),
            ("enum_specifier", "enum"),
            ("type_definition", "typedef"),
        ],
        wrappers: &["declaration"],
    },
];

/// Of JavaScript and TypeScript.
const SCRIPT: &[(&str, &str)] = &[
    ("function_declaration", "function"),
    ("generator_function_declaration", "function"),
    ("class_declaration", "class"),
    ("abstract_class_declaration", "class"),
    ("method_definition", ""),
    ("variable_declarator", "const"),
    ("interface_declaration", "interface"),
    ("enum_declaration", "enum"),
    ("type_alias_declaration", "type"),
    ("internal_module", "namespace"),
    ("module", "module"),
];

const SCRIPT_WRAPPERS: &[&str] = &[
    "export_statement",
    "lexical_declaration",
    "variable_declaration",
    "ambient_declaration",
    "expression_statement",
];

/// What a variable may hold to be a definition.
const FUNCTIONS: [&str; 5] =
    ["arrow_function", "function_expression", "generator_function", "class", "function"];

impl Language {
    /// The language of a file by its name.
    pub(in crate::retrieval::chunk) fn of(extension: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|language| language.extensions.contains(&extension))
    }

    pub(super) fn is_wrapper(&self, node: &Node<'_>) -> bool {
        self.wrappers.contains(&node.kind())
    }

    /// What a definition is called, as `fn name`; none for a node that is no definition.
    pub(super) fn name(&self, node: &Node<'_>, text: &str) -> Option<String> {
        // Words of the language can be called like definitions.
        let (_, word) = self.definitions.iter().find(|(kind, _)| node.is_named() && *kind == node.kind())?;
        let field = |name: &str| node.child_by_field_name(name);
        let name = match node.kind() {
            "impl_item" => {
                let kind = written(&field("type")?, text);
                field("trait").map_or(kind.clone(), |of| format!("{} for {kind}", written(&of, text)))
            }
            "method_declaration" if field("receiver").is_some() => {
                format!("{} {}", written(&field("receiver")?, text), written(&field("name")?, text))
            }
            "variable_declarator" => {
                field("value").filter(|value| FUNCTIONS.contains(&value.kind()))?;
                written(&field("name")?, text)
            }
            "function_definition" | "type_definition" if field("declarator").is_some() => {
                written(&innermost(field("declarator")?), text)
            }
            "struct_specifier" | "union_specifier" | "enum_specifier" => {
                field("body")?;
                written(&field("name")?, text)
            }
            _ => field("name").map(|name| written(&name, text)).unwrap_or_default(),
        };
        Some(format!("{word} {name}").trim().to_owned())
    }
}

/// The name in a declarator of C, within pointers, parameters and brackets.
fn innermost(mut declarator: Node<'_>) -> Node<'_> {
    while let Some(inner) = declarator
        .child_by_field_name("declarator")
        .or_else(|| (declarator.kind() == "parenthesized_declarator").then(|| declarator.named_child(0))?)
    {
        declarator = inner;
    }
    declarator
}

/// The text of a node in one line.
fn written(node: &Node<'_>, text: &str) -> String {
    let text = text.get(node.byte_range()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

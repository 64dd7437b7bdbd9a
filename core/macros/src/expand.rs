use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Error, Expr, ItemFn, Lit, Meta, Result, ReturnType, Type};

use crate::argument::{Argument, is_doc};
use crate::policy::policy;

/// The function as it was, and beside it a type of its name that gives the tool.
pub(crate) fn tool(options: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let policy = policy(options)?.map(|policy| quote! { .policy(#policy) });
    let mut function: ItemFn = syn::parse2(function)?;
    check(&function)?;
    let arguments = function.sig.inputs.iter_mut().map(Argument::take).collect::<Result<Vec<_>>>()?;
    let names: Vec<_> = arguments.iter().map(|argument| &argument.name).collect();
    let (context, arguments): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.is_context());
    if let Some(other) = context.get(1) {
        let message = "expected one `ToolContext` at most: a call belongs to one run";
        return Err(Error::new_spanned(&other.name, message));
    }
    let fields = arguments.iter().map(|argument| &argument.name);
    let (visibility, name) = (&function.vis, &function.sig.ident);
    let tool_name = name.to_string();
    let description = description(&function.attrs);
    let context: Vec<_> = context.into_iter().map(Argument::of_closure).collect();
    let is_async = function.sig.asyncness.is_some();
    let kind = match (context.is_empty(), is_async) {
        (true, true) => "new",
        (true, false) => "blocking",
        (false, _) => "with_context",
    };
    let kind = Ident::new(kind, Span::call_site());
    let mut work = quote! { #name(#(#names),*) };
    if !context.is_empty() && !is_async {
        work = quote! { ::rushlight::tools::macros::blocking(move || #work) };
    }
    let made = quote! {
        ::rushlight::FunctionTool::#kind(
            #tool_name,
            #description,
            |Arguments { #(#fields),* }: Arguments #(, #context)*| #work
        )
    };
    let docs = format!("The tool that the function `{name}` is.");
    Ok(quote! {
        #function

        #[doc = #docs]
        #[allow(non_camel_case_types)]
        #visibility struct #name {}

        impl #name {
            #[doc = #docs]
            #visibility fn tool() -> ::rushlight::FunctionTool {
                #[derive(::rushlight::tools::macros::serde::Deserialize, ::rushlight::tools::macros::schemars::JsonSchema)]
                #[serde(crate = "::rushlight::tools::macros::serde")]
                #[schemars(crate = "::rushlight::tools::macros::schemars")]
                struct Arguments {
                    #(#arguments,)*
                }

                #made #policy
            }
        }
    })
}

fn check(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        let message = "expected a function without generics: a tool has one schema";
        return Err(Error::new_spanned(&signature.generics, message));
    }
    let result = "expected a function that returns a `Result`: the model reads its errors";
    match &signature.output {
        ReturnType::Default => Err(Error::new_spanned(&signature.ident, result)),
        ReturnType::Type(_, kind) => match &**kind {
            Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Result") => {
                Ok(())
            }
            kind => Err(Error::new_spanned(kind, result)),
        },
    }
}

/// The doc comment as text, without the space that every line of one begins with.
fn description(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter(|attribute| is_doc(attribute)).filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(literal) = &pair.value else { return None };
        let Lit::Str(text) = &literal.lit else { return None };
        let text = text.value();
        Some(text.strip_prefix(' ').unwrap_or(&text).trim_end().to_owned())
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a function that cannot be a tool.
    fn mistake(options: TokenStream, function: TokenStream) -> String {
        tool(options, function).map(|_| ()).expect_err("it cannot be a tool").to_string()
    }

    #[test]
    fn what_cannot_be_a_tool_says_why() {
        let good = || quote! { fn f(a: String) -> Result<(), String> { Ok(()) } };
        let cases = [
            (
                quote! { timeout = "5 days" },
                good(),
                "expected a duration as `500ms`, `5s`, `2min`, `1h` or `1day`, got `5 days`",
            ),
            (
                quote! { timeout = "0s" },
                good(),
                "expected a duration as `500ms`, `5s`, `2min`, `1h` or `1day`, got `0s`",
            ),
            (quote! { timeout = 5 }, good(), "expected string literal"),
            (
                quote! { timeuot = "5s" },
                good(),
                "unknown option, expected `timeout`, `rate`, `rate_key`, `rate_excess`, `concurrency`, `scopes`, `hidden`, \
                 `retries`, `idempotent`, `cache`, `breaker`, `approve` or `dry_run`",
            ),
            (quote! { rate_key = "user" }, good(), "expected `tool` or `session`, got `user`"),
            (quote! { rate_excess = "drop" }, good(), "expected `wait` or `refuse`, got `drop`"),
            (
                quote! { breaker = "30s" },
                good(),
                "expected a number of failures and a time as in `5/30s`, got `30s`",
            ),
            (
                quote! { rate = "0/min" },
                good(),
                "expected a number of calls and a time as in `100/min` or `10/60s`, got `0/min`",
            ),
            (
                quote! { rate = "1/400d" },
                good(),
                "expected a number of calls and a time as in `100/min` or `10/60s`, got `1/400d`",
            ),
            (quote! { concurrency = 0 }, good(), "expected at least 1, got 0"),
            (quote! { scopes = "read" }, good(), "expected square brackets"),
            (quote! { approve = 1 }, good(), "expected boolean literal"),
            (
                quote! { retries = 2 },
                good(),
                "expected `idempotent` or `cache` with `retries`: a tool that may not run twice is never run again",
            ),
            (
                quote! {},
                quote! { fn f(&self) -> Result<(), String> { Ok(()) } },
                "expected a function, got a method: a tool has no `self`",
            ),
            (
                quote! {},
                quote! { fn f((a, b): (u8, u8)) -> Result<(), String> { Ok(()) } },
                "expected a name: the model gives arguments by name",
            ),
            (
                quote! {},
                quote! { fn f(a: &str) -> Result<(), String> { Ok(()) } },
                "expected a type that owns its value, as `String`: it is made from what the model writes",
            ),
            (
                quote! {},
                quote! { fn f(a: ToolContext, b: rushlight::ToolContext) -> Result<(), String> { Ok(()) } },
                "expected one `ToolContext` at most: a call belongs to one run",
            ),
            (
                quote! {},
                quote! { fn f<T>(a: T) -> Result<(), String> { Ok(()) } },
                "expected a function without generics: a tool has one schema",
            ),
            (
                quote! {},
                quote! { fn f() {} },
                "expected a function that returns a `Result`: the model reads its errors",
            ),
            (
                quote! {},
                quote! { fn f() -> u8 { 1 } },
                "expected a function that returns a `Result`: the model reads its errors",
            ),
        ];
        for (options, function, expected) in cases {
            assert_eq!(mistake(options, function), expected);
        }
        assert!(mistake(quote! {}, quote! { struct S; }).contains("expected"));
    }

    #[test]
    fn the_comment_is_the_description_without_its_margin() {
        let attributes: Vec<Attribute> = vec![
            syn::parse_quote!(#[doc = " Searches."]),
            syn::parse_quote!(#[doc = ""]),
            syn::parse_quote!(#[doc = "   - indented "]),
            syn::parse_quote!(#[inline]),
        ];

        assert_eq!(description(&attributes), "Searches.\n\n  - indented");
    }
}

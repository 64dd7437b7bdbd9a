use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::{Attribute, Error, Expr, ItemFn, Lit, LitStr, Meta, Result, ReturnType, Type};

use crate::argument::{Argument, is_doc};
use crate::duration::milliseconds;

/// The function as it was, and beside it a type of its name that gives the tool.
pub(crate) fn tool(options: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let timeout = timeout(options)?;
    let mut function: ItemFn = syn::parse2(function)?;
    check(&function)?;
    let arguments = function.sig.inputs.iter_mut().map(Argument::take).collect::<Result<Vec<_>>>()?;
    let names: Vec<_> = arguments.iter().map(|argument| &argument.name).collect();
    let (visibility, name) = (&function.vis, &function.sig.ident);
    let tool_name = name.to_string();
    let description = description(&function.attrs);
    let timeout = timeout.map(|milliseconds| {
        quote! { .timeout(::std::time::Duration::from_millis(#milliseconds)) }
    });
    let kind =
        Ident::new(if function.sig.asyncness.is_some() { "new" } else { "blocking" }, Span::call_site());
    let made = quote! {
        ::rushlight::FunctionTool::#kind(#tool_name, #description, |Arguments { #(#names),* }: Arguments| {
            #name(#(#names),*)
        })
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

                #made #timeout
            }
        }
    })
}

/// What `timeout = "…"` says, in milliseconds.
fn timeout(options: TokenStream) -> Result<Option<u64>> {
    let mut timeout = None;
    let parser = syn::meta::parser(|option| {
        if !option.path.is_ident("timeout") {
            return Err(option.error("unknown option, expected `timeout`"));
        }
        let text: LitStr = option.value()?.parse()?;
        timeout = Some(milliseconds(&text)?);
        Ok(())
    });
    parser.parse2(options)?;
    Ok(timeout)
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
                "expected a duration as `500ms`, `5s`, `2min` or `1h`, got `5 days`",
            ),
            (
                quote! { timeout = "0s" },
                good(),
                "expected a duration as `500ms`, `5s`, `2min` or `1h`, got `0s`",
            ),
            (quote! { timeout = 5 }, good(), "expected string literal"),
            (quote! { timeuot = "5s" }, good(), "unknown option, expected `timeout`"),
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

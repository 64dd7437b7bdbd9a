use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Error, LitBool, LitInt, LitStr, Result, Token, bracketed};

use crate::duration::milliseconds;

const KNOWN: &str = "`timeout`, `rate`, `rate_key`, `rate_excess`, `concurrency`, `scopes`, `hidden`, `retries`, `idempotent`, \
    `cache`, `breaker`, `approve` or `dry_run`";

/// The policy that the options of the attribute say; none if there are none.
pub(crate) fn policy(options: TokenStream) -> Result<Option<TokenStream>> {
    if options.is_empty() {
        return Ok(None);
    }
    let mut setters = Vec::new();
    let (mut retries, mut may_run_again) = (None, false);
    let parser = syn::meta::parser(|option| {
        let name = option.path.get_ident().map(ToString::to_string).unwrap_or_default();
        may_run_again |= matches!(name.as_str(), "idempotent" | "cache");
        if name == "retries" {
            retries = Some(option.path.clone());
        }
        setters.push(setter(&name, &option)?);
        Ok(())
    });
    parser.parse2(options)?;
    match retries {
        Some(retries) if !may_run_again => {
            let message = "expected `idempotent` or `cache` with `retries`: a tool that may not run twice is never run again";
            Err(Error::new_spanned(retries, message))
        }
        _ => Ok(Some(quote! { ::rushlight::ToolPolicy::default() #(#setters)* })),
    }
}

fn setter(name: &str, option: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    Ok(match name {
        "timeout" => {
            let timeout = duration(milliseconds(&option.value()?.parse()?)?);
            quote! { .timeout(#timeout) }
        }
        "cache" => {
            let ttl = duration(milliseconds(&option.value()?.parse()?)?);
            quote! { .cache(::rushlight::ResultCache::new(#ttl)) }
        }
        "rate" => {
            let (calls, per) = count_in_time("calls", "`100/min` or `10/60s`", &option.value()?.parse()?)?;
            let per = duration(per);
            quote! { .rate(::rushlight::Rate::new(#calls, #per).expect("the attribute has checked it")) }
        }
        "rate_key" => {
            let key = variant(option, [("tool", quote!(Tool)), ("session", quote!(Session))])?;
            quote! { .rate_key(::rushlight::RateKey::#key) }
        }
        "rate_excess" => {
            let excess = variant(option, [("wait", quote!(Wait)), ("refuse", quote!(Refuse))])?;
            quote! { .rate_excess(::rushlight::RateExcess::#excess) }
        }
        "breaker" => {
            let (failures, open_for) = count_in_time("failures", "`5/30s`", &option.value()?.parse()?)?;
            let open_for = duration(open_for);
            quote! { .breaker(::rushlight::CircuitBreaker::default().failures(#failures).open_for(#open_for)) }
        }
        "concurrency" => {
            let calls: usize = number(option, 1)?.base10_parse()?;
            quote! { .concurrency(#calls) }
        }
        "retries" => {
            let retries: u32 = number(option, 0)?.base10_parse()?;
            quote! { .retries(#retries) }
        }
        "scopes" => {
            let names;
            let value = option.value()?;
            bracketed!(names in value);
            let names = Punctuated::<LitStr, Token![,]>::parse_terminated(&names)?.into_iter();
            quote! { .scopes([#(#names),*]) }
        }
        "idempotent" | "hidden" | "approve" | "dry_run" => flag(option)?,
        _ => return Err(option.error(format!("unknown option, expected {KNOWN}"))),
    })
}

fn duration(milliseconds: u64) -> TokenStream {
    quote! { ::std::time::Duration::from_millis(#milliseconds) }
}

/// `approve`, or `approve = true`.
fn flag(option: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    let name = &option.path;
    let value = if option.input.peek(Token![=]) { option.value()?.parse::<LitBool>()?.value } else { true };
    Ok(quote! { .#name(#value) })
}

/// The variant of this name.
fn variant(option: &ParseNestedMeta<'_>, names: [(&str, TokenStream); 2]) -> Result<TokenStream> {
    let given: LitStr = option.value()?.parse()?;
    let known = names.each_ref().map(|(name, _)| format!("`{name}`")).join(" or ");
    let found = names.into_iter().find(|(name, _)| *name == given.value());
    let unknown = || Error::new(given.span(), format!("expected {known}, got `{}`", given.value()));
    found.map(|(_, variant)| variant).ok_or_else(unknown)
}

fn number(option: &ParseNestedMeta<'_>, least: u64) -> Result<LitInt> {
    let number: LitInt = option.value()?.parse()?;
    let value: u64 = number.base10_parse()?;
    if value < least {
        return Err(Error::new(number.span(), format!("expected at least {least}, got {value}")));
    }
    Ok(number)
}

/// How many of what, and in how many milliseconds; `like` are examples.
fn count_in_time(what: &str, like: &str, text: &LitStr) -> Result<(u32, u64)> {
    const LONGEST: u64 = 366 * 86_400_000;

    let value = text.value();
    let unreadable = || {
        let message = format!("expected a number of {what} and a time as in {like}, got `{value}`");
        Error::new(text.span(), message)
    };
    let (calls, per) = value.split_once('/').ok_or_else(unreadable)?;
    let calls = calls.trim().parse().ok().filter(|calls| *calls > 0).ok_or_else(unreadable)?;
    let per = per.trim();
    let one = if per.starts_with(|first: char| first.is_ascii_digit()) { "" } else { "1" };
    let per = milliseconds(&LitStr::new(&format!("{one}{per}"), text.span())).map_err(|_| unreadable())?;
    if per > LONGEST { Err(unreadable()) } else { Ok((calls, per)) }
}

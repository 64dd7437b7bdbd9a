use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Error, FnArg, Ident, Pat, Result, Type};

/// An argument of the function: a field of what the model writes, or the context of the run.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    kind: Type,
    docs: Vec<Attribute>,
}

impl Argument {
    /// Takes the comments from an argument, where Rust allows none.
    pub(crate) fn take(argument: &mut FnArg) -> Result<Self> {
        let typed = match argument {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => {
                return Err(Error::new_spanned(
                    receiver,
                    "expected a function, got a method: a tool has no `self`",
                ));
            }
        };
        let Pat::Ident(pattern) = &*typed.pat else {
            return Err(Error::new_spanned(&typed.pat, "expected a name: the model gives arguments by name"));
        };
        let name = pattern.ident.clone();
        let (docs, others) = std::mem::take(&mut typed.attrs).into_iter().partition(is_doc);
        typed.attrs = others;
        if let Type::Reference(reference) = &*typed.ty {
            let message =
                "expected a type that owns its value, as `String`: it is made from what the model writes";
            return Err(Error::new_spanned(reference, message));
        }
        Ok(Self { name, kind: (*typed.ty).clone(), docs })
    }
}

impl Argument {
    /// Whether the run gives it, not the model.
    pub(crate) fn is_context(&self) -> bool {
        let Type::Path(path) = &self.kind else { return false };
        path.path.segments.last().is_some_and(|last| last.ident == "ToolContext")
    }

    /// The same as an argument of a closure.
    pub(crate) fn of_closure(&self) -> TokenStream {
        let Self { name, kind, .. } = self;
        quote! { #name: #kind }
    }
}

impl ToTokens for Argument {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { name, kind, docs } = self;
        tokens.extend(quote! { #(#docs)* #name: #kind });
    }
}

pub(crate) fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

//! Which sites may show a page in a frame. Only a checkout opened to be embedded names one.

use url::{Origin, Url, form_urlencoded};

/// Who may frame the page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Nobody.
    Never,
    /// The one origin that the page was opened for.
    By(String),
}

impl Framing {
    /// What the query of an embedded checkout asks for: `embed=true&embed_origin=https://shop.example`.
    pub(super) fn asked(query: Option<String>) -> Self {
        let query = query.unwrap_or_default();
        let pairs = || form_urlencoded::parse(query.as_bytes());
        let embedded = pairs().any(|(key, value)| key == "embed" && value == "true");
        pairs()
            .find(|(key, _)| embedded && key == "embed_origin")
            .and_then(|(_, value)| web_origin(&value))
            .map_or(Self::Never, Self::By)
    }

    /// The page's Content-Security-Policy: everything from here, nothing inline.
    pub(super) fn policy(&self) -> String {
        let ancestors = match self {
            Self::Never => "'none'",
            Self::By(origin) => origin,
        };
        format!(
            "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors {ancestors}"
        )
    }
}

/// The origin of an http or https address; re-serialised, so that nothing else can slip into the header.
fn web_origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    match (url.scheme(), url.origin()) {
        ("http" | "https", origin @ Origin::Tuple(..)) => Some(origin.ascii_serialization()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Framing;

    fn asked(query: &str) -> Framing {
        Framing::asked(Some(query.to_owned()))
    }

    #[test]
    fn only_an_embedded_checkout_may_be_framed_and_only_by_its_origin() {
        assert_eq!(
            asked("embed=true&embed_origin=https%3A%2F%2Fshop.example%2Fcart"),
            Framing::By("https://shop.example".to_owned())
        );
        assert_eq!(asked("embed_origin=https://shop.example"), Framing::Never);
        assert_eq!(asked("embed=true"), Framing::Never);
        assert_eq!(Framing::asked(None), Framing::Never);
    }

    #[test]
    fn an_origin_cannot_carry_another_directive() {
        for hostile in [
            "embed=true&embed_origin=*",
            "embed=true&embed_origin='self'",
            "embed=true&embed_origin=data:text/html,x",
            "embed=true&embed_origin=javascript:alert(1)",
        ] {
            assert_eq!(asked(hostile), Framing::Never, "{hostile}");
        }
        let path = asked("embed=true&embed_origin=https://a.example/;script-src%20*");
        assert_eq!(path, Framing::By("https://a.example".to_owned()));
        let host = asked("embed=true&embed_origin=https://a.example%3Bscript-src%20*");
        assert_eq!(host, Framing::Never);
    }
}

//! Tokens and secrets as Polar shapes them: a prefix, 37 random characters, a checksum.

use super::Chance;

const RANDOM: usize = 37;
const CHECKSUM: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Chance {
    /// A fresh token that begins with `prefix`.
    pub(crate) fn token(&mut self, prefix: &str) -> String {
        let random = self.alphanumeric(RANDOM);
        let checksum = checksum(&random);
        format!("{prefix}{random}{checksum}")
    }
}

/// CRC-32 of the random part in base 62, six characters wide. Secret scanners recognise tokens by it.
fn checksum(random: &str) -> String {
    let mut rest = crc32fast::hash(random.as_bytes());
    let mut digits = ['0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(rest % 62).unwrap_or_default();
        *digit = ALPHABET.get(index).map_or('0', |byte| char::from(*byte));
        rest /= 62;
    }
    digits.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_the_one_polar_prints() {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJK";
        assert_eq!(checksum(letters), "4WQsSZ");
        assert_eq!(checksum(&"0".repeat(37)), "3jnQlY");
        assert_eq!(checksum(&"A".repeat(37)), "2qTV0e");
    }

    #[test]
    fn a_token_is_prefix_random_part_and_checksum() {
        let token = Chance::new(7).token("whsec_");
        let body = token.strip_prefix("whsec_").unwrap();
        assert_eq!(body.len(), 43);
        assert_eq!(checksum(&body[..37]), body[37..]);
    }
}

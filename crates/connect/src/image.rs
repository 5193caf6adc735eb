//! Kind of an image by its octets.

/// Media type of an image that may be shown in a page, by its first octets; never SVG, which is a document with scripts.
///
/// `octets`: the beginning, 32 octets are enough.
pub fn image_type(octets: &[u8]) -> Option<&'static str> {
    let brand = |brands: &[&[u8]]| {
        octets.get(4..8) == Some(b"ftyp") && octets.get(8..12).is_some_and(|found| brands.contains(&found))
    };
    if octets.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if octets.starts_with(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if octets.starts_with(b"GIF87a") || octets.starts_with(b"GIF89a") {
        Some("image/gif")
    } else if octets.starts_with(b"RIFF") && octets.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else if brand(&[b"avif", b"avis"]) {
        Some("image/avif")
    } else if octets.starts_with(b"BM") && octets.get(6..10) == Some(&[0; 4]) {
        Some("image/bmp")
    } else if octets.starts_with(&[0, 0, 1, 0]) && octets.len() > 22 {
        Some("image/x-icon")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_images_and_nothing_else() {
        let check = |octets: &[u8], expected| assert_eq!(image_type(octets), expected);
        check(b"\x89PNG\r\n\x1a\nrest", Some("image/png"));
        check(b"\xff\xd8\xff\xe0", Some("image/jpeg"));
        check(b"GIF89a", Some("image/gif"));
        check(b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp"));
        check(b"\0\0\0\x1cftypavif", Some("image/avif"));
        check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", None);
        check(b"<html>", None);
        check(b"BM", None);
        check(b"", None);
    }
}

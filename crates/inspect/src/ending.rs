//! What the name of a file says.

use crate::Class;
use crate::content::Family;

/// Whether a character turns the direction of writing, so that a name reads other than it is.
pub(crate) const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The endings of a name, last first, as systems see them: lower case, without trailing dots, blanks and invisible marks.
pub(crate) fn endings(name: &str) -> impl Iterator<Item = String> {
    let visible: String = name
        .chars()
        .filter(|c| {
            !c.is_control()
                && !turns_direction(*c)
                && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{00ad}')
        })
        .collect();
    let last = visible.rsplit(['/', '\\']).next().unwrap_or_default();
    // An alternate stream (`a.txt:b.exe`) and `::$DATA` name the file before the colon; both halves count as endings.
    let trimmed = last.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let mut pieces: Vec<String> =
        trimmed.split(['.', ':']).map(|piece| piece.trim().to_lowercase()).collect();
    pieces.remove(0);
    pieces.reverse();
    pieces.into_iter().filter(|piece| !piece.is_empty()).take(8)
}

/// What a system does with files of this ending, if that can hurt.
pub(crate) fn class(ending: &str) -> Option<Class> {
    let of = |(class, list): &(Class, &str)| list.split(' ').any(|word| word == ending).then_some(*class);
    DANGEROUS.iter().find_map(of)
}

/// What files of this ending hold, as far as that can be told from the octets.
pub(crate) fn family(ending: &str) -> Option<Family> {
    let of = |(family, list): &(Family, &str)| list.split(' ').any(|word| word == ending).then_some(*family);
    FAMILIES.iter().find_map(of)
}

/// Likewise, of a declared media type.
pub(crate) fn family_of_type(declared: &str) -> Option<Family> {
    match declared {
        "image/svg+xml" => None,
        "application/pdf" => Some(Family::Pdf),
        "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint" => {
            Some(Family::Office)
        }
        _ if declared.starts_with("image/") => Some(Family::Image),
        _ if declared.starts_with("audio/") || declared.starts_with("video/") => Some(Family::Media),
        _ if declared.starts_with("application/vnd.openxmlformats-")
            || declared.starts_with("application/vnd.oasis.opendocument.") =>
        {
            Some(Family::Office)
        }
        _ => None,
    }
}

/// What a declared media type says of danger.
pub(crate) fn class_of_type(declared: &str) -> Option<Class> {
    if declared.contains("macroenabled") {
        return Some(Class::Macros);
    }
    let of = |(class, list): &(Class, &str)| list.split(' ').any(|word| word == declared).then_some(*class);
    DANGEROUS_TYPES.iter().find_map(of)
}

const DANGEROUS: &[(Class, &str)] = &[
    (
        Class::Program,
        "apk app appinstaller appx appxbundle class com command cpl deb dex dll drv elf exe fxp gadget jar jnlp ko msi \
         msix msixbundle msp mst msu ocx ops pif pkg plg prg pyc pyo pyz pyzw rpm run scr so sys vsmacros vxd wasm xap \
         xbap xll",
    ),
    (
        Class::Script,
        "ahk asp aspx au3 bas bat bgi cmd csh hta htc ins isp its js jse ksh mjs msh msh1 msh1xml msh2 msh2xml mshxml php pl \
         ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 py pyw rb sct sh shb shs vb vbe vbp vbs ws wsb wsc wsf wsh",
    ),
    (
        Class::Shortcut,
        "application appref-ms contact desktop diagcab glink iqy library-ms lnk mad maf mag mam maq mar mas mat mau mav maw odc \
         oqy printerexport rdp rqy scf search-ms searchconnector-ms settingcontent-ms theme themepack udl url vcard-ms \
         webloc webpnp website xnk",
    ),
    (Class::Macros, "docm dotm potm ppa ppam ppsm pptm sldm slk wll xla xlam xlm xlsm xltm"),
    (Class::DiskImage, "dmg img iso udf vhd vhdx vmdk"),
    (Class::WebDocument, "mht mhtml shtml svg svgz swf xht xhtml"),
    (
        Class::SystemFile,
        "ade adp cer chm cnt crt der grp hlp hpj inf mda mdb mde mdt mdw mdz msc one onepkg osd pcd prf pst reg vsw",
    ),
    (
        Class::OpaqueArchive,
        "ace alz arc arj bz2 cab cpio egg lha lz lzh lzma tbz tbz2 txz uue xar xz z zoo zpaq zst",
    ),
];

const FAMILIES: &[(Family, &str)] = &[
    (Family::Image, "avif bmp gif heic heif ico jfif jpe jpeg jpg png tif tiff webp"),
    (Family::Pdf, "pdf"),
    (Family::Office, "doc docx dot dotx odp ods odt pot potx pps ppsx ppt pptx rtf xls xlsb xlsx xlt xltx"),
    (Family::Media, "aac avi flac m4a mkv mov mp3 mp4 mpg mpeg oga ogg opus wav wma wmv"),
    (Family::Text, "csv ics ini log md tsv txt vcf"),
    (Family::Archive, "7z bz2 gz rar tar tgz xz zip zst"),
];

const DANGEROUS_TYPES: &[(Class, &str)] = &[
    (
        Class::Program,
        "application/java-archive application/vnd.microsoft.portable-executable application/x-dosexec \
         application/x-executable application/x-msdos-program application/x-msdownload application/x-msi \
         application/vnd.android.package-archive",
    ),
    (
        Class::Script,
        "application/hta application/javascript application/x-bat application/x-csh application/x-javascript \
         application/x-powershell application/x-python-code application/x-sh application/x-vbs text/javascript \
         text/vbscript text/x-python text/x-sh text/x-shellscript",
    ),
    (Class::Shortcut, "application/x-ms-shortcut application/x-mswinurl"),
    (Class::WebDocument, "application/x-shockwave-flash application/xhtml+xml image/svg+xml"),
];

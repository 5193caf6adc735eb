//! Kinds of dangerous content.

/// What makes an attachment one to look at twice. Ordinary documents, images and texts have none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Programs and installers: PE, ELF, Mach-O, MSI, JAR, WebAssembly.
    Program,
    /// Scripts: shell, batch, PowerShell, JavaScript, Visual Basic, HTA, Python.
    Script,
    /// Files that start or load something with one click: LNK, URL, remote queries, remote desktop.
    Shortcut,
    /// Documents with macros (VBA, Excel 4, Basic).
    Macros,
    /// Documents that bring programs as embedded objects, or load their template from elsewhere.
    Embedded,
    /// Images of disks: ISO, VHD, DMG. What lies inside escapes the marks a system puts on downloads.
    DiskImage,
    /// Documents for browsers that may run scripts: SVG, XHTML, MHTML.
    WebDocument,
    /// Settings, certificates and databases that change a system, or act, when they are opened.
    SystemFile,
    /// The name or the declared type says something else than the octets: wrong or double ending, direction of writing turned.
    Disguised,
    /// Archives protected by a password: nobody can look inside.
    EncryptedArchive,
    /// Office documents protected by a password.
    EncryptedDocument,
    /// Archives of a kind or form that cannot be looked into.
    OpaqueArchive,
    /// Archives that are larger or nested more deeply when unpacked than is looked at.
    Oversized,
    /// Larger than the scanner takes; held only where a scanner is set.
    Unscannable,
}

impl Class {
    /// All of them, in the order people see.
    pub const ALL: [Self; 14] = [
        Self::Program,
        Self::Script,
        Self::Shortcut,
        Self::Macros,
        Self::Embedded,
        Self::DiskImage,
        Self::WebDocument,
        Self::SystemFile,
        Self::Disguised,
        Self::EncryptedArchive,
        Self::EncryptedDocument,
        Self::OpaqueArchive,
        Self::Oversized,
        Self::Unscannable,
    ];

    /// Stable word for database, settings and API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Script => "script",
            Self::Shortcut => "shortcut",
            Self::Macros => "macros",
            Self::Embedded => "embedded",
            Self::DiskImage => "disk_image",
            Self::WebDocument => "web_document",
            Self::SystemFile => "system_file",
            Self::Disguised => "disguised",
            Self::EncryptedArchive => "encrypted_archive",
            Self::EncryptedDocument => "encrypted_document",
            Self::OpaqueArchive => "opaque_archive",
            Self::Oversized => "oversized",
            Self::Unscannable => "unscannable",
        }
    }

    /// The class of such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }

    /// Whether it is held unless an administrator decided otherwise: everything but documents with a password, which
    /// banks and offices send every day.
    pub const fn held_by_default(self) -> bool {
        !matches!(self, Self::EncryptedDocument)
    }
}

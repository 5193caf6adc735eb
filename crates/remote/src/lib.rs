//! Files in a bucket of an S3-compatible store: written once, compared, read back, and whether a lock keeps them there.
//!
//! In: where the bucket is and who asks, names and files. Out: what the store says it keeps, octets, [`Lock`]. Requests go
//! over connections of `connect`, so with its trust; objects are written with SHA-256 checksums, as Object Lock wants it.
//! It never deletes, and it decides nothing about segments: `pipeline` does.

mod error;
mod lock;
mod service;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use connect::{ClientTls, is_this_machine};
use futures_util::StreamExt as _;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use keys::Secret;
use model::Sha256;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsAuthorizer, AwsCredential, Checksum};
use object_store::client::{HttpRequestBody, HttpService as _};
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientOptions, GetOptions, MultipartUpload, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, RetryConfig,
};
use tokio::io::AsyncReadExt as _;
use url::Url;

pub use error::Error;
pub use lock::Lock;

use service::Service;

/// Octets sent as one part; so much of a file is in memory.
const PART: usize = 8 << 20;
/// An answer of the store about itself is not longer.
const ANSWER_MAX: usize = 64 << 10;
/// Name of the object that says whose the folder is.
const MARKER: &str = "poststelle";
/// The field Object Lock wants with every upload, besides the checksum itself.
const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-sdk-checksum-algorithm");
/// Where the digest of the whole file stands: the store's own is one of parts.
const DIGEST: &str = "sha256";

/// Where the bucket is, and who asks.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// `https://s3.eu-central-1.amazonaws.com`; `http` on this machine only.
    pub endpoint: String,
    /// As the store calls it; `us-east-1` where it has none.
    pub region: String,
    /// Name of the bucket.
    pub bucket: String,
    /// Folder in it; may be empty.
    pub prefix: String,
    /// The bucket stands in the path, not in the host's name.
    pub path_style: bool,
    /// Name of the key.
    pub access_key: String,
    /// The key.
    pub secret: Secret<String>,
}

/// What the store says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its length.
    pub octets: u64,
    /// What was said of it when it was written; to be believed only once its octets were read.
    pub sha256: Option<Sha256>,
    /// Where the bucket has versions.
    pub version: Option<String>,
    /// The store's own mark of its content.
    pub e_tag: Option<String>,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct Remote {
    store: AmazonS3,
    service: Service,
    credential: Arc<AwsCredential>,
    region: String,
    /// Address of the bucket, without a slash at the end.
    bucket: String,
    prefix: String,
}

impl Remote {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// `Endpoint`, `Bucket`, `Prefix` if the place cannot be one; `Store`.
    pub fn new(place: &Place, tls: ClientTls) -> Result<Self, Error> {
        let bucket = bucket_url(place)?;
        if !place.prefix.split('/').all(|part| part.is_empty() || is_plain(part)) {
            return Err(Error::Prefix);
        }
        let service = Service::new(tls);
        let region = if place.region.is_empty() { "us-east-1" } else { &place.region };
        let headers = HeaderMap::from_iter([(ALGORITHM, HeaderValue::from_static("SHA256"))]);
        let endpoint = if place.path_style { place.endpoint.trim_end_matches('/') } else { &bucket };
        let retries = RetryConfig {
            backoff: BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() },
            max_retries: 2,
            retry_timeout: Duration::from_mins(2),
        };
        let store = AmazonS3Builder::new()
            .with_endpoint(endpoint)
            .with_region(region)
            .with_bucket_name(&place.bucket)
            .with_virtual_hosted_style_request(!place.path_style)
            .with_access_key_id(&place.access_key)
            .with_secret_access_key(place.secret.expose())
            .with_checksum_algorithm(Checksum::SHA256)
            .with_client_options(ClientOptions::new().with_default_headers(headers).with_allow_http(true))
            .with_http_connector(service.clone())
            .with_retry(retries)
            .build()
            .map_err(error::of)?;
        let credential = AwsCredential {
            key_id: place.access_key.clone(),
            secret_key: place.secret.expose().clone(),
            token: None,
        };
        let parts: Vec<&str> = place.prefix.split('/').filter(|part| !part.is_empty()).collect();
        let prefix = if parts.is_empty() { String::new() } else { format!("{}/", parts.join("/")) };
        let (credential, region) = (Arc::new(credential), region.to_owned());
        Ok(Self { store, service, credential, region, bucket, prefix })
    }

    fn path(&self, name: &str) -> object_store::path::Path {
        object_store::path::Path::from(format!("{}{name}", self.prefix))
    }

    /// What the store keeps under a name at this moment.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn head(&self, name: &str) -> Result<Option<Kept>, Error> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        match self.store.get_opts(&self.path(name), options).await {
            Ok(found) => {
                let digest = found.attributes.get(&Attribute::Metadata(DIGEST.into()));
                Ok(Some(Kept {
                    octets: found.meta.size,
                    sha256: digest.and_then(|text| text.as_ref().parse().ok()),
                    version: found.meta.version,
                    e_tag: found.meta.e_tag,
                }))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error::of(error)),
        }
    }

    /// Writes a file of `octets` octets. What is read is compared with `sha256` before the object becomes visible. What lies
    /// there under this name stays behind it as an older version.
    ///
    /// # Errors
    /// `Changed` if the file is another one; `File`; those of the store.
    pub async fn upload(&self, name: &str, file: &Path, octets: u64, sha256: Sha256) -> Result<Kept, Error> {
        let path = self.path(name);
        let attributes = Attributes::from_iter([(Attribute::Metadata(DIGEST.into()), sha256.to_string())]);
        let failed = |source| Error::File { path: file.to_owned(), source };
        let mut from = tokio::fs::File::open(file).await.map_err(failed)?.take(octets);
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut part = read_part(&mut from).await.map_err(failed)?;
        hash.update(&part);
        let put = if octets <= PART as u64 {
            check(&hash, sha256, part.len() as u64 == octets, file)?;
            let options = PutOptions { attributes, ..PutOptions::default() };
            self.store.put_opts(&path, PutPayload::from(part), options).await
        } else {
            let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
            let upload = self.store.put_multipart_opts(&path, options).await;
            let mut upload = upload.map_err(error::of)?;
            let mut sent = 0;
            let outcome = loop {
                sent += part.len() as u64;
                if let Err(source) = upload.put_part(PutPayload::from(part)).await {
                    break Err(error::of(source));
                }
                part = match read_part(&mut from).await {
                    Ok(part) if part.is_empty() => break check(&hash, sha256, sent == octets, file),
                    Ok(part) => part,
                    Err(source) => break Err(failed(source)),
                };
                hash.update(&part);
            };
            if let Err(error) = outcome {
                // What the store keeps of parts is its own affair (lifecycle rule); this spares it.
                let _ = upload.abort().await;
                return Err(error);
            }
            upload.complete().await
        };
        let put = put.map_err(error::of)?;
        Ok(Kept { octets, sha256: Some(sha256), version: put.version, e_tag: put.e_tag })
    }

    /// Reads an object, or one version of it, and gives its octets to `take` piece by piece. Gives their number and their
    /// digest; `None` if it is not there.
    ///
    /// # Errors
    /// Those of the store; `File` with what `take` refused.
    pub async fn read(
        &self,
        name: &str,
        version: Option<&str>,
        take: &mut (dyn FnMut(&[u8]) -> std::io::Result<()> + Send),
    ) -> Result<Option<(u64, Sha256)>, Error> {
        let options = GetOptions { version: version.map(str::to_owned), ..GetOptions::default() };
        let found = match self.store.get_opts(&self.path(name), options).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error::of(error)),
        };
        let (mut hash, mut octets) = (digest::Context::new(&digest::SHA256), 0);
        let mut pieces = found.into_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(error::of)?;
            hash.update(&piece);
            octets += piece.len() as u64;
            take(&piece).map_err(|source| Error::File { path: name.into(), source })?;
        }
        Ok(Some((octets, finish(hash))))
    }

    /// Whether the bucket can be reached with this key, and whose the folder is: `installation`, or nobody's yet.
    ///
    /// # Errors
    /// `Unreachable`, `Denied`, `NoBucket`, `Refused`; `Foreign` if another installation uses the folder.
    pub async fn look(&self, installation: &str) -> Result<bool, Error> {
        let (status, body) = self.ask(&format!("/{}", self.path(MARKER))).await?;
        match status {
            200 if body.lines().nth(1) == Some(installation) => Ok(true),
            200 => Err(Error::Foreign),
            404 if !body.contains("NoSuchBucket") => Ok(false),
            _ => Err(error::of_answer(status, &body)),
        }
    }

    /// Notes whose the folder is; shows that the key may write.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn mark(&self, installation: &str) -> Result<(), Error> {
        let text = format!("poststelle remote 1\n{installation}\n");
        let put = self.store.put(&self.path(MARKER), PutPayload::from(text)).await;
        put.map(drop).map_err(error::of)
    }

    /// Whether what is written now is locked against deletion.
    pub async fn lock(&self) -> Lock {
        match self.ask("/?object-lock=").await {
            Ok((status, body)) => lock::of(status, &body),
            Err(error) => Lock::Unknown { why: error.to_string() },
        }
    }

    /// `GET` of something in the bucket's address; gives the status and the body.
    async fn ask(&self, path: &str) -> Result<(u16, String), Error> {
        let request = Request::builder().method(Method::GET).uri(format!("{}{path}", self.bucket));
        let mut request = request.body(HttpRequestBody::empty()).map_err(|_| Error::Endpoint)?;
        let authorizer = AwsAuthorizer::new(&self.credential, "s3", &self.region);
        authorizer.try_authorize(&mut request, None).map_err(error::of)?;
        let unreachable = |source| Error::Unreachable { source: Box::new(source) };
        let answer = self.service.call(request).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let mut body = std::pin::pin!(answer.into_body().bytes_stream());
        let mut octets = Vec::new();
        while let Some(piece) = body.next().await {
            octets.extend_from_slice(&piece.map_err(unreachable)?);
            if octets.len() > ANSWER_MAX {
                break;
            }
        }
        Ok((status, String::from_utf8_lossy(&octets).into_owned()))
    }
}

async fn read_part(from: &mut (impl tokio::io::AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(PART);
    from.take(PART as u64).read_to_end(&mut part).await?;
    Ok(part)
}

fn check(hash: &digest::Context, sha256: Sha256, whole: bool, file: &Path) -> Result<(), Error> {
    let is_same = whole && finish(hash.clone()) == sha256;
    if is_same { Ok(()) } else { Err(Error::Changed { path: file.to_owned() }) }
}

fn finish(hash: digest::Context) -> Sha256 {
    Sha256(hash.finish().as_ref().try_into().expect("SHA-256 has 32 octets"))
}

/// Part of a name that every store takes as it is.
fn is_plain(part: &str) -> bool {
    part.len() <= 200
        && part != "."
        && part != ".."
        && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Address of the bucket, without a slash at the end.
fn bucket_url(place: &Place) -> Result<String, Error> {
    if place.bucket.is_empty() || !is_plain(&place.bucket) {
        return Err(Error::Bucket);
    }
    let url = Url::parse(&place.endpoint).map_err(|_| Error::Endpoint)?;
    let host = url.host_str().ok_or(Error::Endpoint)?;
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_this_machine(host);
    if !is_bare || !is_safe || !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Endpoint);
    }
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let (scheme, bucket) = (url.scheme(), &place.bucket);
    Ok(if place.path_style {
        format!("{scheme}://{host}{port}/{bucket}")
    } else {
        format!("{scheme}://{bucket}.{host}{port}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(endpoint: &str, bucket: &str, path_style: bool) -> Place {
        let (endpoint, bucket) = (endpoint.to_owned(), bucket.to_owned());
        Place { endpoint, bucket, path_style, ..Place::default() }
    }

    #[test]
    fn addresses_of_buckets() {
        let url = |endpoint, bucket, path_style| bucket_url(&place(endpoint, bucket, path_style)).ok();
        assert_eq!(url("https://s3.example", "mails", true).unwrap(), "https://s3.example/mails");
        assert_eq!(url("https://s3.example:9000/", "mails", false).unwrap(), "https://mails.s3.example:9000");
        assert_eq!(url("http://127.0.0.1:5000", "mails", true).unwrap(), "http://127.0.0.1:5000/mails");
        assert_eq!(url("http://s3.example", "mails", true), None);
        assert_eq!(url("https://a:b@s3.example", "mails", true), None);
        assert_eq!(url("https://s3.example/mails", "mails", true), None);
        assert_eq!(url("s3.example", "mails", true), None);
        assert_eq!(url("https://s3.example", "ma/ils", true), None);
        assert_eq!(url("https://s3.example", "", true), None);
    }
}

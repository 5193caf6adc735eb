//! The OpenAPI document.

use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathsBuilder,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{
    ComponentsBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr,
    Required, Response, ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use crate::{Access, Body, Method, OPERATIONS, Operation};

/// Version of the API, as in its paths.
const VERSION: &str = "1";

/// Failures any operation may have besides its own.
const ALWAYS: [u16; 2] = [400, 500];

/// The description of the API: OpenAPI 3.1.
pub fn description() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for operation in OPERATIONS {
        paths = paths.path(operation.path, PathItem::new(method(operation.method), described(operation)));
    }
    let mut license = LicenseBuilder::new().name("MIT OR Apache-2.0").build();
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Poststelle").version(VERSION).license(Some(license)).build())
        .paths(paths)
        .components(Some(components()))
        .build()
}

/// The same as JSON text with a line end, keys in a fixed order: the content of `openapi.json`.
pub fn description_json() -> String {
    let mut text = description().to_pretty_json().expect("the description holds strings and numbers only");
    text.push('\n');
    text
}

fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}

fn described(operation: &Operation) -> OperationBuilder {
    let mut described = OperationBuilder::new()
        .operation_id(Some(operation.id.to_ascii_lowercase()))
        .tag(operation.tag)
        .summary(Some(operation.summary))
        .extensions(Some(ExtensionsBuilder::new().add("x-access", operation.access.as_str()).build()))
        .response(operation.status.to_string(), success(operation));
    for parameter in path_parameters(operation.path).chain((operation.query)()) {
        described = described.parameter(parameter);
    }
    if operation.method == Method::Post && operation.access != Access::Public {
        described = described.parameter(idempotency_key());
    }
    if let Some(body) = request(operation.request) {
        described = described.request_body(Some(body));
    }
    for status in failures(operation) {
        described = described.response(status.to_string(), problem(status));
    }
    if operation.access != Access::Public {
        described = described.security(SecurityRequirement::new("session", Vec::<String>::new()));
    }
    // A session's token does as well; of programs' tokens the scope is named, where one will do.
    if let Some(scope) = operation.token_scope() {
        described = described.security(SecurityRequirement::new("bearer", [scope.as_str()]));
    }
    described
}

fn failures(operation: &Operation) -> Vec<u16> {
    let mut statuses = operation.failures.to_vec();
    if operation.path.starts_with("/api/v1/") {
        statuses.extend(ALWAYS);
    }
    match operation.access {
        Access::Public => {}
        Access::SignedIn if operation.token_scope().is_none() => statuses.push(401),
        _ => statuses.extend([401, 403]),
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = Parameter> {
    path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let mut schema = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        if name.ends_with("_id") {
            schema = schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        }
        Some(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(schema))
                .build(),
        )
    })
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The same key within a day gives the same answer without doing it again."))
        .schema(Some(ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).max_length(Some(200))))
        .build()
}

fn request(body: Body) -> Option<RequestBody> {
    let (media_type, content) = match body {
        Body::Empty => return None,
        Body::Json(schema) => ("application/json", named(schema)),
        Body::Multipart(schema) => ("multipart/form-data", named(schema)),
        Body::Octets(media_type) => (media_type, octets()),
    };
    Some(RequestBodyBuilder::new().content(media_type, content).required(Some(Required::True)).build())
}

fn named(schema: &str) -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build()
}

fn octets() -> utoipa::openapi::Content {
    let schema = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
    ContentBuilder::new().schema(Some(schema)).build()
}

fn success(operation: &Operation) -> Response {
    let response = ResponseBuilder::new().description(operation.summary);
    match operation.answer {
        Body::Empty => response.build(),
        Body::Json(schema) => response.content("application/json", named(schema)).build(),
        Body::Multipart(schema) => response.content("multipart/form-data", named(schema)).build(),
        Body::Octets(media_type) => response.content(media_type, octets()).build(),
    }
}

fn problem(status: u16) -> Response {
    ResponseBuilder::new()
        .description(match status {
            400 => "The request cannot be read, or a value in it is wrong.",
            401 => "Not logged in.",
            403 => "The role, or the token, does not allow it.",
            404 => "Does not exist, or may not be seen.",
            409 => "Does not fit the present state.",
            413 => "Too large.",
            429 => "Too often; see Retry-After.",
            502 => "The other server did not answer as it should.",
            503 => "Not ready.",
            507 => "No room left.",
            _ => "A defect of the server.",
        })
        .content("application/problem+json", named("Problem"))
        .build()
}

fn components() -> Components {
    let mut schemas = Vec::new();
    macro_rules! collect {
        ($($name:ident)*) => {$(
            schemas.push((crate::$name::name().into_owned(), crate::$name::schema()));
            crate::$name::schemas(&mut schemas);
        )*};
    }
    collect! {
        LinkSettings WhatIfRequest WhatIfAnswer WhatIfActivation WhatIfActivated LinkBatchList
        OauthClientList OauthClientRequest OauthReturn OauthReturned OauthStart OauthStarted OauthUnlinked
        Problem SetupState SetupRequest Session SessionRequest ProfileChange MessagePage MessageDetail SeenChange Thread
        SearchAnswer AccountList Account AccountRequest AccountChange AccountsChange AccountsChanged AccountRemoval ConnectionTest ConnectionTestAnswer MailboxList LeftOutPage LedgerList LedgerPage FetchedAnew DoctorReport SourceActionPage Keeping Deletable ExclusionList ExclusionsRequest TagList TagRequest TagChange DeletionRequest DeletionAnswer PutBackRequest PutBackAnswer SpamRequest SpamAnswer GroupList Group GroupRequest SortingRules
        ImportUpload ImportList ImportRun ImportEntryPage QuarantinePage UserList User UserRequest UserChange EventPage EventWords ProcedureList ProcedureRequest Status
        AddressPage AddressDetail AddressStateChange SuppressionPage SuppressionRequest SuppressionCheckRequest SuppressionCheck
        MailingLists MailingList MailingListRequest MemberPage MemberRequest MemberImport
        BounceRules BounceRulesRequest DryRunRequest DryRun QueuePage QueueResolutionRequest BounceDashboard
        ApiTokenList ApiTokenRequest ApiTokenSecret ApprovalPage ApprovalRefusal ApprovalSettings DelayedApprovalList ExportCheck ExportRequest
        SmtpAccountList SmtpAccount SmtpAccountRequest SmtpTest WebhookList Webhook WebhookRequest WebhookSecret OutgoingPage
        Outgoing Notifications NotificationsRequest NoticeList
        AttachmentFiles AttachmentFileSettings AttachmentFilePreview AttachmentFilePage
        AttachmentSettings AttachmentSettingsChange ScannerTest ScannerStatus SpamFilterTest SpamFilterTried RescanRequest ReleaseRequest HeldPage
        ErpRecordPage ErpRecord ErpRecordRequest ErpLineRequest ErpBatchAnswer ErpSessionRequest ErpRun ErpRunPage
        ErpSourceList ErpSource ErpSourceRequest ErpSourceTest ErpSourceTried ErpPreview
        MessageLinks LinksChange LinksChanged LinkTrace RecordAttachmentPage ImportListPage LinkBlocklist BlockedEntryRequest
        LinkStatistics LinkableList RecordSheet JumpTemplates ContactProposalRequest
        ExtraAddressPage AddressDecisionRequest LearntMaskList DocumentFolder DocumentFolderList DocumentFolderRequest
        RecordFolderList DocumentList DocumentFilingRequest ProofState StampAuthorities AnchoringState CheckpointMailRequest LogWitnesses WitnessingRequest RecoveryKeyState RecoveryKeyMade RecoveryKeyCheck StorageState RemoteStorageRequest RemoteStorageTested
        RetentionState RetentionSettingsRequest RetentionClassRequest RetentionRuleRequest RetentionPreview OpenYearsRequest
        LegalHoldList LegalHoldRequest HoldPreviewRequest HoldPreview HoldLiftRequest DueYearList DueKeptPage DueReleaseRequest RetentionChange
        MessageKeeping SenderPage MediaPage
        ErasurePage ErasurePreview ErasureSearch ErasureRequest Erasure
        MessageNew MailsExamined AccountStateChanged ImportProgress StatusChanged
    }
    let session = ApiKey::Cookie(ApiKeyValue::new("poststelle_session"));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let mut components = ComponentsBuilder::new()
        .security_scheme("session", SecurityScheme::ApiKey(session))
        .security_scheme("bearer", SecurityScheme::Http(bearer));
    for (name, mut schema) in schemas {
        if is_answer(&name) {
            require_all(&mut schema);
        }
        components = components.schema(name, schema);
    }
    components.build()
}

/// Answers always carry every field, be it null; requests leave out what stays as it is. Problems are short.
fn is_answer(name: &str) -> bool {
    !["Request", "Change", "Removal", "Test", "Upload", "Problem"].iter().any(|end| name.ends_with(end))
}

fn require_all(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => object.required = object.properties.keys().cloned().collect(),
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(require_all),
        _ => {}
    }
}

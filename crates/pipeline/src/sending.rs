//! Hands a mail to a server that sends, whatever it speaks and however it logs in.

use std::sync::Arc;

use connect::ClientTls;
use dispatch::{
    Answer, Encryption, Letter, Login, RecipientAnswer, SendError, SmtpServer, SmtpStep, StepOutcome,
};
use intake::imap::{self, ImapError};
use intake::{NoToken, TokenSource as _, graph};

use crate::oauth::Tokens;

/// A server that sends.
#[derive(Clone, Debug)]
pub enum SendingServer {
    /// With a password, or without login.
    Smtp(Box<SmtpServer>),
    /// With the consent of an account; the login is filled in for each attempt.
    SmtpWithTokens {
        /// The server.
        server: Box<SmtpServer>,
        /// Login name.
        login: String,
        /// Where tokens come from.
        tokens: Arc<Tokens>,
    },
    /// Microsoft Graph, with the consent of an account.
    Graph(Box<imap::Settings>),
}

impl SendingServer {
    /// Microsoft Graph at this address, for the mailbox `login`.
    pub fn graph(
        (host, port, encryption): (&str, u16, Encryption),
        tls: ClientTls,
        login: &str,
        tokens: Tokens,
    ) -> Self {
        Self::Graph(Box::new(imap::Settings {
            host: host.to_owned(),
            port,
            encryption: match encryption {
                Encryption::Tls => imap::Encryption::Tls,
                Encryption::StartTls => imap::Encryption::StartTls,
                Encryption::None => imap::Encryption::None,
            },
            tls,
            login: login.to_owned(),
            credential: intake::Login::Tokens(Arc::new(tokens)),
            options: imap::Options::default(),
        }))
    }

    /// Hands a mail over; gives what was said for each recipient. A token that is refused is renewed once.
    ///
    /// # Errors
    /// [`SendError`] if nobody got it; [`SendError::NoToken`] if a person has to consent.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<Vec<RecipientAnswer>, SendError> {
        match self {
            Self::Smtp(server) => dispatch::send(server, letter).await,
            Self::SmtpWithTokens { server, login, tokens } => {
                let sent = dispatch::send(&logged_in(server, login, tokens).await?, letter).await;
                if is_stale(tokens, sent.as_ref().err()) {
                    return dispatch::send(&logged_in(server, login, tokens).await?, letter).await;
                }
                sent
            }
            Self::Graph(settings) => {
                let answer = hand_to_graph(settings, letter).await?;
                let to_each = letter.recipients.iter().map(|recipient| RecipientAnswer {
                    recipient: recipient.clone(),
                    answer: answer.clone(),
                });
                Ok(to_each.collect())
            }
        }
    }

    /// Tries it step by step, up to the first step that fails. `letter`: a mail to be sent at the end.
    pub async fn test(&self, letter: Option<&Letter<'_>>) -> Vec<StepOutcome> {
        match self {
            Self::Smtp(server) => dispatch::test_server(server, letter).await,
            Self::SmtpWithTokens { server, login, tokens } => {
                let ready = match logged_in(server, login, tokens).await {
                    Ok(ready) => ready,
                    Err(error) => return vec![failed(SmtpStep::Login, error)],
                };
                let steps = dispatch::test_server(&ready, letter).await;
                if is_stale(tokens, steps.last().and_then(|step| step.error.as_ref()))
                    && let Ok(ready) = logged_in(server, login, tokens).await
                {
                    return dispatch::test_server(&ready, letter).await;
                }
                steps
            }
            Self::Graph(settings) => test_graph(settings, letter).await,
        }
    }
}

fn failed(step: SmtpStep, error: SendError) -> StepOutcome {
    let detail = error.answer().map(|answer| format!("{} {}", answer.code, answer.text));
    StepOutcome { step, detail: detail.unwrap_or_else(|| error.to_string()), error: Some(error) }
}

async fn logged_in(server: &SmtpServer, login: &str, tokens: &Tokens) -> Result<SmtpServer, SendError> {
    let token = tokens.token().await.map_err(no_token)?;
    Ok(SmtpServer { login: Some(Login::Token(login.to_owned(), token)), ..server.clone() })
}

fn no_token(why: NoToken) -> SendError {
    SendError::NoToken { needs: why.needs, words: why.words }
}

/// Whether another token may be taken where this one was not.
fn is_stale(tokens: &Tokens, error: Option<&SendError>) -> bool {
    matches!(error, Some(SendError::TokenRefused(answer)) if !answer.is_transient()) && tokens.refused()
}

/// The service has no envelope: it takes the recipients from the mail.
async fn hand_to_graph(settings: &imap::Settings, letter: &Letter<'_>) -> Result<Answer, SendError> {
    let mut fetcher = graph::Fetcher::new(settings.clone());
    match fetcher.send(letter.octets).await {
        Ok(()) => Ok(Answer { code: 250, text: "sendMail 202".to_owned() }),
        Err(error) => Err(of_graph(error)),
    }
}

/// The service answers with HTTP; what it says is put as SMTP would, so that the queue treats both alike.
fn of_graph(error: ImapError) -> SendError {
    let answer = |code, text: String| Answer { code, text };
    match error {
        ImapError::Connect(error) => SendError::Connect(error),
        ImapError::NoToken(why) => no_token(why),
        ImapError::LoginRefused { words, .. } | ImapError::Forbidden { words } => {
            SendError::TokenRefused(answer(535, words))
        }
        ImapError::Refused { words, .. } => SendError::Refused(answer(554, words)),
        ImapError::Throttled { words, .. } => SendError::Refused(answer(450, words)),
        ImapError::Timeout { .. } => SendError::Timeout,
        other => SendError::Broken(crate::chain(&other)),
    }
}

async fn test_graph(settings: &imap::Settings, letter: Option<&Letter<'_>>) -> Vec<StepOutcome> {
    if let intake::Login::Tokens(tokens) = &settings.credential
        && let Err(why) = tokens.token().await
    {
        return vec![failed(SmtpStep::Login, no_token(why))];
    }
    let report = graph::test_settings(settings).await;
    let mut steps = Vec::new();
    for tried in report.steps {
        let step = match tried.step {
            imap::TestStep::Name => SmtpStep::Name,
            imap::TestStep::Connect => SmtpStep::Connect,
            imap::TestStep::Tls => SmtpStep::Tls,
            imap::TestStep::Login => SmtpStep::Login,
            // Reading is another permission.
            imap::TestStep::Mailbox | imap::TestStep::Folders => continue,
        };
        match tried.error {
            Some(error) => {
                steps.push(failed(step, of_graph(error)));
                return steps;
            }
            None => steps.push(StepOutcome { step, detail: tried.detail, error: None }),
        }
    }
    if let Some(letter) = letter {
        steps.push(match hand_to_graph(settings, letter).await {
            Ok(answer) => StepOutcome { step: SmtpStep::Mail, detail: answer.text, error: None },
            Err(error) => failed(SmtpStep::Mail, error),
        });
    }
    steps
}

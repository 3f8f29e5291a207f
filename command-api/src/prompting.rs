//! Which commands lead to a prompt on somebody's phone, and when one is counted ([`crate::access::PromptDesk`]).

use domain::Command;
use edge::{Identity, Problem, Role};
use uuid::Uuid;

use crate::CommandApi;
use crate::access::Counted;
use crate::batcher::Outcome;
use crate::submit::{Queued, sealing};

impl CommandApi {
    /// Gives back what was counted for a command that found no room.
    pub(crate) async fn withdraw(&self, queued: Queued) {
        if let Some(prompt) = queued.prompt {
            self.prompts().give_back(prompt).await;
        }
    }

    /// Counts the prompt that a command leads to; none for who has no limits, and for a command that was recorded before.
    pub(crate) async fn count_prompt(
        &self,
        speaker: &Identity,
        given: Option<Uuid>,
        command: &Command,
    ) -> Result<Option<Counted>, Problem> {
        let Command::InitiatePayment(asked) = command else { return Ok(None) };
        if speaker.unlimited {
            return Ok(None);
        }
        if let Some(id) = given
            && self.present().is_known(id).await?
        {
            return Ok(None);
        }
        let customer = asked.customer_id.0;
        if speaker.role == Role::Customer && speaker.subject != customer {
            return Ok(None); // it is refused, and tells nothing of somebody else
        }
        let sealed = match &asked.phone {
            Some(phone) => phone.sealed.clone(),
            None => match self.present().customer(customer).await? {
                Some(customer) => customer.phone.sealed,
                None => return Ok(None),
            },
        };
        let phone =
            self.sealer().unseal(customer, "phone", &sealed).await.map_err(|error| sealing(&error))?;
        match phone {
            Some(phone) => self.prompts().count(self.sealer().keys().blind_index(&phone)).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Whether a command that asked for a prompt surely leads to none, or to one that was counted before.
pub(crate) const fn leads_to_no_prompt(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Answer(answer) => answer.already_done || answer.replay,
        Outcome::Unknown => false,
        Outcome::Refused(_)
        | Outcome::KeyReused
        | Outcome::Concurrent
        | Outcome::Unavailable
        | Outcome::Failed => true,
    }
}

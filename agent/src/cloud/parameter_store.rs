//! Systems Manager Parameter Store: the ticket and the write-once registers.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::ParameterType;
use secrecy::{ExposeSecret, SecretString};

use super::refusal::sort;
use super::{Aws, CloudError};

/// What became of a write that must not overwrite.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Created {
    /// The parameter is this write's.
    Now,
    /// It was there: perhaps another's, perhaps this node's own after a lost answer.
    Before,
}

/// Parameter Store as the agent needs it.
pub trait ParameterStore {
    /// A parameter's value, decrypted; `None` if there is none (`ssm:GetParameter`).
    async fn read(&self, name: &str) -> Result<Option<SecretString>, CloudError>;

    /// Several plain parameters in one call, in the order of their names
    /// (`ssm:GetParameters`).
    async fn read_all(&self, names: &[String]) -> Result<Vec<Option<String>>, CloudError>;

    /// Writes a plain parameter once and for all (`ssm:PutParameter`, no overwrite).
    async fn create(&self, name: &str, value: &str) -> Result<Created, CloudError>;

    /// Writes a secret parameter over what is there (`ssm:PutParameter`).
    async fn put_secret(&self, name: &str, value: &SecretString) -> Result<(), CloudError>;
}

/// The real Parameter Store.
#[derive(Clone, Debug)]
pub struct Ssm {
    client: Client,
    kms_key: Option<String>,
}

impl Ssm {
    /// A store whose secrets are encrypted under `kms_key`, or under the account's
    /// `aws/ssm` key if there is none.
    pub fn new(aws: &Aws, kms_key: Option<String>) -> Self {
        Self {
            client: aws.ssm(),
            kms_key,
        }
    }
}

impl ParameterStore for Ssm {
    async fn read(&self, name: &str) -> Result<Option<SecretString>, CloudError> {
        let request = self.client.get_parameter().name(name).with_decryption(true);
        match request.send().await {
            Ok(output) => Ok(output.parameter.and_then(|p| p.value).map(Into::into)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetParameterError::is_parameter_not_found) =>
            {
                Ok(None)
            }
            Err(error) => Err(sort("ssm:GetParameter", name, &error)),
        }
    }

    async fn read_all(&self, names: &[String]) -> Result<Vec<Option<String>>, CloudError> {
        let request = self.client.get_parameters().set_names(Some(names.to_vec()));
        let output = request
            .send()
            .await
            .map_err(|error| sort("ssm:GetParameters", &names.join(", "), &error))?;
        let found = output.parameters.unwrap_or_default();
        let value = |name: &String| {
            let parameter = found.iter().find(|p| p.name.as_ref() == Some(name));
            parameter.and_then(|p| p.value.clone())
        };
        Ok(names.iter().map(value).collect())
    }

    async fn create(&self, name: &str, value: &str) -> Result<Created, CloudError> {
        let request = self.client.put_parameter().name(name).value(value);
        let request = request.r#type(ParameterType::String).overwrite(false);
        match request.send().await {
            Ok(_) => Ok(Created::Now),
            Err(e)
                if e.as_service_error()
                    .is_some_and(PutParameterError::is_parameter_already_exists) =>
            {
                Ok(Created::Before)
            }
            Err(error) => Err(sort("ssm:PutParameter", name, &error)),
        }
    }

    async fn put_secret(&self, name: &str, value: &SecretString) -> Result<(), CloudError> {
        let request = self
            .client
            .put_parameter()
            .name(name)
            .value(value.expose_secret());
        let request = request.r#type(ParameterType::SecureString).overwrite(true);
        let request = request.set_key_id(self.kms_key.clone());
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(sort("ssm:PutParameter", name, &error)),
        }
    }
}

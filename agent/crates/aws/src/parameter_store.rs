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

/// A parameter that an operator has written.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name below the path that was read.
    pub name: String,
    /// Its value, decrypted.
    pub value: SecretString,
    /// Counts its writes.
    pub version: u64,
}

/// Parameter Store as the agent needs it.
pub trait ParameterStore {
    /// A parameter's value, decrypted; `None` if there is none (`ssm:GetParameter`).
    async fn read(&self, name: &str) -> Result<Option<SecretString>, CloudError>;

    /// Several plain parameters in one call, in the order of their names
    /// (`ssm:GetParameters`).
    async fn read_all(&self, names: &[String]) -> Result<Vec<Option<String>>, CloudError>;

    /// All parameters right below a path, decrypted (`ssm:GetParametersByPath`, ten a call).
    async fn read_below(&self, path: &str) -> Result<Vec<Parameter>, CloudError>;

    /// Writes a plain parameter once and for all (`ssm:PutParameter`, no overwrite).
    async fn create(&self, name: &str, value: &str) -> Result<Created, CloudError>;

    /// Writes a plain parameter over what is there (`ssm:PutParameter`).
    async fn put(&self, name: &str, value: &str) -> Result<(), CloudError>;

    /// Writes a secret parameter over what is there (`ssm:PutParameter`).
    async fn put_secret(&self, name: &str, value: &SecretString) -> Result<(), CloudError>;
}

/// The real Parameter Store.
#[derive(Clone, Debug)]
pub struct Ssm {
    pub(super) client: Client,
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

fn below(path: &str, parameter: aws_sdk_ssm::types::Parameter) -> Option<Parameter> {
    let name = parameter.name?;
    let name = name.strip_prefix(path)?.strip_prefix('/')?;
    Some(Parameter {
        name: name.to_owned(),
        // One without a value is there all the same: it is broken, not absent.
        value: parameter.value.unwrap_or_default().into(),
        version: u64::try_from(parameter.version).unwrap_or_default(),
    })
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
        let missing = output.invalid_parameters.unwrap_or_default();
        names
            .iter()
            .map(|name| {
                let parameter = found.iter().find(|p| p.name.as_ref() == Some(name));
                // An answer that says nothing of a name does not say that it is missing.
                if parameter.is_none() && !missing.contains(name) {
                    return Err(CloudError::Failed {
                        action: "ssm:GetParameters",
                        cause: format!("the answer says nothing of {name}"),
                    });
                }
                Ok(parameter.and_then(|p| p.value.clone()))
            })
            .collect()
    }

    async fn read_below(&self, path: &str) -> Result<Vec<Parameter>, CloudError> {
        let request = self.client.get_parameters_by_path().path(path);
        let request = request.with_decryption(true);
        let (mut found, mut page) = (Vec::new(), None);
        loop {
            let sent = request.clone().set_next_token(page).send().await;
            let output = sent.map_err(|e| sort("ssm:GetParametersByPath", path, &e))?;
            let parameters = output.parameters.unwrap_or_default().into_iter();
            found.extend(parameters.filter_map(|parameter| below(path, parameter)));
            page = output.next_token;
            if page.is_none() {
                return Ok(found);
            }
        }
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

    async fn put(&self, name: &str, value: &str) -> Result<(), CloudError> {
        let request = self.client.put_parameter().name(name).value(value);
        let request = request.r#type(ParameterType::String).overwrite(true);
        match request.send().await {
            Ok(_) => Ok(()),
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

//! Contract with the service.

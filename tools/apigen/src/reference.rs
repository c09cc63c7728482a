use crate::{files::Files, model::Api};
pub(crate) fn generate(_: &Api, _: &mut Files) {}

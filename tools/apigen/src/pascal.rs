use crate::{
    files::Files,
    model::{Api, Class},
};
pub(crate) fn generate(_: &Api, _: &mut Files) {}
pub(crate) fn identifiers(_: &Class) -> Vec<String> {
    Vec::new()
}

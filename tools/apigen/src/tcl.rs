use crate::{
    files::Files,
    model::{Api, Class, Result},
};
pub(crate) fn generate(_: &Api, _: &mut Files) -> Result<()> {
    Ok(())
}
pub(crate) fn command_names(_: &Class) -> Vec<String> {
    Vec::new()
}

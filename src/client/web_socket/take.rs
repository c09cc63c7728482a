//! What a program gets of the frames that were read.

use super::WebSocket;
use super::data::FrameText;
use super::read::ReadSide;
use crate::client::bin_data::BinData;
use crate::client::string_builder::StringBuilder;
use crate::error::Result;
use crate::proto::frame::Opcode;

impl WebSocket {
    /// Takes the data read so far as text.
    pub fn get_frame_data(&self) -> Result<FrameText> {
        let ReadSide { data, input, .. } = &mut *self.read.lock();
        let text = data.take_text(input)?;
        self.status.set_data_len(0);
        Ok(text)
    }

    /// Takes the data read so far as text and appends it to `sb`.
    pub fn get_frame_data_sb(&self, sb: &StringBuilder) -> Result<()> {
        sb.append_string(self.get_frame_data()?.into_string());
        Ok(())
    }

    /// Takes the data read so far and appends it to `bin_data`.
    #[inline(always)]
    pub fn get_frame_data_bd(&self, bin_data: &BinData) -> Result<()> {
        let ReadSide { data, input, .. } = &mut *self.read.lock();
        data.take_into(bin_data, input);
        self.status.set_data_len(0);
        Ok(())
    }

    /// The type of the last frame by name; empty before the first.
    pub fn frame_opcode(&self) -> &'static str {
        if !self.status.frame_seen() {
            return "";
        }
        let code = u8::try_from(self.status.frame_opcode_int()).ok();
        code.and_then(Opcode::from_code).map_or("", Opcode::name)
    }
}

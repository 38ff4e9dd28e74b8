//! Loads the weights of a GGUF file, in formats that candle multiplies fast on this machine.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::io::Cursor;

use candle_core::Device;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file;
use candle_core::quantized::gguf_file::Content;
use candle_transformers::models::quantized_llama::ModelWeights;

use super::EngineError;

/// Reads the weights.
///
/// candle multiplies some formats with scalar loops only. Tensors in these formats are converted to `Q8_0`, for which
/// candle uses the widest vectors of the processor. The result differs by rounding of half a percent and runs several
/// times faster; the conversion adds half a second to the start.
pub(super) fn load(content: Content, mut file: BufReader<File>) -> Result<ModelWeights, EngineError> {
    if !content.tensor_infos.values().any(|info| is_slow_format(info.ggml_dtype)) {
        return Ok(ModelWeights::from_gguf(content, &mut file, &Device::Cpu)?);
    }
    let mut widened = Cursor::new(widen_to_q8_0(&content, file)?);
    let content = Content::read(&mut widened)?;
    Ok(ModelWeights::from_gguf(content, &mut widened, &Device::Cpu)?)
}

/// Returns the format of most weights of the file, such as `q4_1`.
pub(super) fn quantization(content: &Content) -> Option<String> {
    let mut sizes = HashMap::<String, usize>::new();
    for info in content.tensor_infos.values() {
        *sizes.entry(format!("{:?}", info.ggml_dtype).to_lowercase()).or_default() += info.shape.elem_count();
    }
    sizes.into_iter().max_by_key(|(_, size)| *size).map(|(format, _)| format)
}

fn is_slow_format(format: GgmlDType) -> bool {
    matches!(format, GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1 | GgmlDType::Q8_1)
}

/// Returns the same file with its slow tensors as `Q8_0`, without the metadata of the tokenizer.
fn widen_to_q8_0(content: &Content, mut file: BufReader<File>) -> Result<Vec<u8>, EngineError> {
    let tensors: Vec<(&str, QTensor)> = content
        .tensor_infos
        .iter()
        .map(|(name, info)| {
            let tensor = content.tensor(&mut file, name, &Device::Cpu)?;
            let tensor = match is_slow_format(info.ggml_dtype) {
                true => QTensor::quantize(&tensor.dequantize(&Device::Cpu)?, GgmlDType::Q8_0)?,
                false => tensor,
            };
            Ok((name.as_str(), tensor))
        })
        .collect::<candle_core::Result<_>>()?;
    let tensors: Vec<_> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let metadata: Vec<_> = content
        .metadata
        .iter()
        .filter(|(key, _)| !key.starts_with("tokenizer."))
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    let mut widened = Cursor::new(Vec::new());
    gguf_file::write(&mut widened, &metadata, &tensors)?;
    Ok(widened.into_inner())
}

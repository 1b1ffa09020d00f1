"""Speech recognition: data layer, front ends, encoders, heads, losses, decoders, importers."""

_HERE = "phonograph.collections.asr"

MODULES = {
    "asr.manifest": f"{_HERE}.manifest:Manifest",
    "asr.log_mel": f"{_HERE}.log_mel:LogMel",
    "asr.stored_log_mel": f"{_HERE}.stored_log_mel:StoredLogMel",
    "asr.spec_augment": f"{_HERE}.spec_augment:SpecAugment",
    "asr.conv_encoder": f"{_HERE}.conv_encoder:ConvEncoder",
    "asr.quartznet": f"{_HERE}.quartznet:QuartzNet",
    "asr.conformer": f"{_HERE}.conformer:Conformer",
    "asr.recurrent": f"{_HERE}.recurrent:Recurrent",
    "asr.ctc_head": f"{_HERE}.ctc_head:CtcHead",
    "asr.ctc_loss": f"{_HERE}.ctc_loss:CtcLoss",
    "asr.ctc_greedy": f"{_HERE}.ctc_greedy:CtcGreedy",
}

"""Blocks that any domain uses; those of them that graphs may name stand in `MODULES`."""

_HERE = "phonograph.modules"

MODULES = {
    "adapt.log_softmax": f"{_HERE}.log_softmax:LogSoftmax",
    "adapt.mono": f"{_HERE}.mono:Mono",
    "adapt.project": f"{_HERE}.project:Project",
    "adapt.resample": f"{_HERE}.resample:Resample",
    "adapt.time_first": f"{_HERE}.time_first:TimeFirst",
    "adapt.transpose": f"{_HERE}.transpose:Transpose",
    "block.residual": f"{_HERE}.residual_blocks:ResidualBlocks",
    "combine.concatenate": f"{_HERE}.concatenate:Concatenate",
    "combine.gate": f"{_HERE}.gate:Gate",
    "combine.residual": f"{_HERE}.residual:Residual",
    "combine.stack_frames": f"{_HERE}.stack_frames:StackFrames",
    "combine.sum": f"{_HERE}.sum_inputs:SumInputs",
    "combine.weighted_layers": f"{_HERE}.weighted_layers:WeightedLayers",
    "pool.attentive": f"{_HERE}.attentive_pool:AttentivePool",
    "pool.max": f"{_HERE}.max_pool:MaxPool",
    "pool.mean": f"{_HERE}.mean_pool:MeanPool",
    "pool.statistics": f"{_HERE}.statistics_pool:StatisticsPool",
    "pool.time": f"{_HERE}.time_pool:TimePool",
}

"""Connection of the processes that ``torchrun`` or Slurm started to train together.

Lightning Fabric reads the environment, connects the processes and assigns each a device. It is
imported only if there are several processes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import torch
import torch.distributed as dist

from babelite.errors import BabeliteError, MissingExtraError
from babelite.training.distributed.environment import Launch, read_launch
from babelite.training.distributed.group import TIMEOUT, ProcessGroup


@contextmanager
def join_processes(device: torch.device, launch: Launch | None = None) -> Iterator[ProcessGroup]:
    """Connect this process with those that were started with it, for the length of a run.

    On GPUs, each process gets a device of its own.
    """
    launch = launch or read_launch()
    if launch.launcher is None:
        yield ProcessGroup(device=device)
        return
    processes = _connect(device, launch)
    try:
        yield processes
        processes.all_reduce_max(0.0)  # no process leaves while another has a message to read
    except BaseException as error:
        # The connections stay open: closing one whose other end is gone may block.
        processes.choose_reporter(error)
        raise
    dist.destroy_process_group()


def _connect(device: torch.device, launch: Launch) -> ProcessGroup:
    if find_spec("lightning_fabric") is None:
        raise MissingExtraError("training in several processes", "train")
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
    from lightning_fabric.strategies.ddp import DDPStrategy
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    for name in ("lightning.fabric", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning_fabric")
        try:
            slurm = launch.launcher == "slurm"
            environment = (
                SLURMEnvironment(auto_requeue=False) if slurm else TorchElasticEnvironment()
            )
            fabric = Fabric(
                accelerator="cuda" if device.type == "cuda" else "cpu",
                devices=launch.local_world_size,
                num_nodes=launch.nodes,
                strategy=DDPStrategy(cluster_environment=environment, timeout=TIMEOUT),
            )
            fabric.launch()
            return ProcessGroup(fabric.global_rank, fabric.world_size, fabric.device)
        except (RuntimeError, ValueError, KeyError, MisconfigurationException) as error:
            reason = str(error).strip().splitlines()[0]
            raise BabeliteError(
                f"the processes could not be connected ({reason})",
                code="process-lost",
                hint="start the same number on every machine (torchrun --nproc-per-node or "
                "srun --ntasks-per-node), and not more than a machine has GPUs",
            ) from error

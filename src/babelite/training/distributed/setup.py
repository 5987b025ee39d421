"""Connecting the processes that ``torchrun`` or Slurm has started to train together.

Lightning Fabric finds out where they are, connects them and gives each its device. It is imported
only where there are several.
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
from babelite.training.distributed.group import TIMEOUT, Processes


@contextmanager
def join_processes(device: torch.device, launch: Launch | None = None) -> Iterator[Processes]:
    """Connect this process with those that were started with it, for the length of a run.

    Args:
        device: The kind of device to train on; with several GPUs each process gets its own.
        launch: Which process this is; read from the environment if not given.

    Yields:
        The processes.

    Raises:
        BabeliteError: They cannot be connected.
    """
    launch = launch or read_launch()
    if launch.by is None:
        yield Processes(device=device)
        return
    processes = _connect(device, launch)
    try:
        yield processes
        processes.agree(0.0)  # none leaves while another one has something to read
    except BaseException as error:
        # Closing connections of which one end is gone may wait for it, so they are left open.
        processes.settle_who_tells(error)
        raise
    dist.destroy_process_group()


def _connect(device: torch.device, launch: Launch) -> Processes:
    if find_spec("lightning_fabric") is None:
        raise MissingExtraError("training in several processes", "train")
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
    from lightning_fabric.strategies.ddp import DDPStrategy
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning_fabric")
        try:
            environment = (
                TorchElasticEnvironment()
                if launch.by == "torchrun"
                else SLURMEnvironment(auto_requeue=False)
            )
            fabric = Fabric(
                accelerator="cuda" if device.type == "cuda" else "cpu",
                devices=launch.local_world_size,
                num_nodes=launch.nodes,
                strategy=DDPStrategy(cluster_environment=environment, timeout=TIMEOUT),
            )
            fabric.launch()
            return Processes(fabric.global_rank, fabric.world_size, fabric.device)
        except (RuntimeError, ValueError, KeyError, MisconfigurationException) as error:
            reason = str(error).strip().splitlines()[0]
            raise BabeliteError(
                f"the processes could not be connected ({reason})",
                hint="start as many on every machine, with torchrun --nproc-per-node or "
                "srun --ntasks-per-node, on a GPU they must not be more than there are",
            ) from error

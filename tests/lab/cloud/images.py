"""Images made from instances: pending until the hypervisor has kept the machine's disk, as on EC2 until the snapshot is."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.amis import AmiBackend
from moto.ec2.responses.amis import AmisResponse

from .patching import replace
from .world import LOCK, ec2

_create = AmiBackend.create_image
_copy = AmiBackend.copy_image
_register = AmisResponse.register_image
_copies: dict[str, str] = {}


def install() -> None:
    """Puts the changes into moto."""
    replace(AmiBackend, create_image=_create_image, copy_image=_copy_image)
    replace(AmisResponse, register_image=_register_image)


def pending() -> list[dict[str, str | None]]:
    """Every image that waits for its disk: what it is made from is an instance or an image."""
    with LOCK:
        return [
            {"image_id": image.id, "instance_id": image.source_instance_id, "source_image_id": _copies.get(image.id)}
            for image in ec2().amis.values()
            if image.state == "pending"
        ]


def finish(image_id: str, error: str | None = None) -> None:
    """The disk of a pending image is kept, or could not be."""
    with LOCK:
        image = ec2().amis.get(image_id)
        if image is None or image.state != "pending":
            raise ValueError(f"cannot finish the image {image_id}: it is not pending")
        image.state = "failed" if error else "available"


def _create_image(self: Any, instance_id: str, *rest: Any, **kw: Any) -> Any:
    image = _create(self, instance_id, *rest, **kw)
    return _pending(image, self.amis.get(self.get_instance(instance_id).image_id))


def _copy_image(self: Any, source_image_id: str, *rest: Any, **kw: Any) -> Any:
    image = _copy(self, source_image_id, *rest, **kw)
    _copies[image.id] = source_image_id
    return _pending(image, self.amis[source_image_id])


def _register_image(self: Any) -> Any:
    """With what was said of it, which moto forgets."""
    answer: Any = _register(self)
    image = self.ec2_backend.amis[answer.result["ImageId"]]
    image.architecture = self._get_param("Architecture") or "i386"
    image.root_device_name, image.root_device_type = self._get_param("RootDeviceName"), "ebs"
    return answer


def _pending(image: Any, source: Any) -> Any:
    """With the root device of what it was made from, which moto forgets."""
    if source is not None:
        image.root_device_name, image.root_device_type = source.root_device_name, source.root_device_type
        image.hypervisor, image.sriov = source.hypervisor, source.sriov
    image.state = "pending"
    return image

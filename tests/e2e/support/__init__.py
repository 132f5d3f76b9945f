# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: processes, a real registry, images, keys, the platform and its sensors."""

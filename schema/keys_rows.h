/*
 * keys_rows - how the registry's table rooms write their rows, and where keys.c finds them.
 */
#pragma once

#include "schema/choices.h"
#include "schema/keys.h"

#define ROW_REST(NAME, GRAMMAR, SCOPE, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE, REST)            \
	{                                                                                          \
		NAME, &(GRAMMAR), SCOPE, DIALECT_##DIALECT, EFFECT_##EFFECT, BOOT_##BOOT, PRESET,  \
		    HELP, NOTE, REST                                                               \
	}

#define ROW(NAME, GRAMMAR, SCOPE, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE)                       \
	ROW_REST(NAME, GRAMMAR, SCOPE, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE, NULL)

/* A key of instances and profiles. */
#define KEY(NAME, GRAMMAR, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE)                              \
	ROW(NAME, GRAMMAR, SCOPE_CONTAINER, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE)

/* One whose "*" stands for nothing but the characters of REST. */
#define KEY_REST(NAME, GRAMMAR, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE, REST)                   \
	ROW_REST(NAME, GRAMMAR, SCOPE_CONTAINER, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE, REST)

/* One that nobody carries out; NOTE says why. */
#define IDLE_KEY(NAME, GRAMMAR, DIALECT, PRESET, HELP, NOTE)                                       \
	ROW(NAME, GRAMMAR, SCOPE_CONTAINER, DIALECT, UNSUPPORTED, NONE, PRESET, HELP, NOTE)

/* An option of a device. */
#define OPTION(NAME, GRAMMAR, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE)                           \
	ROW(NAME, GRAMMAR, SCOPE_DEVICE, DIALECT, EFFECT, BOOT, PRESET, HELP, NOTE)

#define IDLE_OPTION(NAME, GRAMMAR, DIALECT, PRESET, HELP, NOTE)                                    \
	ROW(NAME, GRAMMAR, SCOPE_DEVICE, DIALECT, UNSUPPORTED, NONE, PRESET, HELP, NOTE)

#define DEVICE(NAME, HELP, EFFECT, NOTE, ROWS)                                                     \
	{                                                                                          \
		NAME, HELP, EFFECT_##EFFECT, NOTE, ROWS, COUNT(ROWS)                               \
	}

#define VM_ONLY "for virtual machines only: evenkeel keeps containers"

#define COUNT(ROWS) (sizeof(ROWS) / sizeof((ROWS)[0]))

extern const struct key_table keys_boot, keys_image, keys_limits, keys_rest, keys_security, keys_vm,
    keys_volatile, keys_network, keys_pool;

extern const struct device_type device_disk, device_gpu, device_infiniband, device_nic, device_none,
    device_pci, device_proxy, device_tpm, device_unix_block, device_unix_char, device_unix_hotplug,
    device_usb;

package candor.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * The GPUs of this machine as the driver tells them, through JCuda: a way of its own, which needs none of our libraries.
 *
 * @param devices a line for each
 * @param reason  why there are none; empty where there are some
 */
record Gpus(List<String> devices, String reason) {
    private static final int NAME_BYTES = 256;

    /** Asks. Without a driver it says so; it never fails. */
    static Gpus find() {
        String shared = System.getProperty("java.io.tmpdir");
        Path own;
        try {
            own = Files.createTempDirectory("candor-jcuda");
        } catch (IOException e) {
            return none("no folder for JCuda's library: " + e);
        }
        // JCuda unpacks its library there under a fixed name: in the shared folder anybody could have put another one.
        System.setProperty("java.io.tmpdir", own.toString());
        try {
            return ask();
        } catch (LinkageError e) {
            return none("the driver's library libcuda.so.1 does not load");
        } finally {
            System.setProperty("java.io.tmpdir", shared);
            delete(own);
        }
    }

    private static Gpus none(String reason) {
        return new Gpus(List.of(), reason);
    }

    private static Gpus ask() {
        JCudaDriver.setExceptionsEnabled(false);
        int status = JCudaDriver.cuInit(0);
        int[] number = new int[1];
        if (status == CUresult.CUDA_SUCCESS) {
            status = JCudaDriver.cuDeviceGetCount(number);
        }
        if (status != CUresult.CUDA_SUCCESS) {
            return none("the driver says " + CUresult.stringFor(status));
        }
        List<String> devices = new ArrayList<>();
        for (int i = 0; i < number[0]; i++) {
            devices.add(device(i));
        }
        return devices.isEmpty() ? none("the driver knows of no device") : new Gpus(devices, "");
    }

    private static String device(int ordinal) {
        CUdevice device = new CUdevice();
        byte[] name = new byte[NAME_BYTES];
        long[] memory = new long[1];
        int[] version = new int[1];
        JCudaDriver.cuDeviceGet(device, ordinal);
        JCudaDriver.cuDeviceGetName(name, name.length, device);
        JCudaDriver.cuDeviceTotalMem(memory, device);
        JCudaDriver.cuDriverGetVersion(version);
        return String.format(
                Locale.ROOT,
                "%s, compute capability %d.%d, %,d MiB, driver for CUDA %d.%d",
                text(name),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                memory[0] >> 20,
                version[0] / 1000,
                version[0] % 1000 / 10);
    }

    private static int attribute(CUdevice device, int which) {
        int[] value = new int[1];
        JCudaDriver.cuDeviceGetAttribute(value, which, device);
        return value[0];
    }

    /** Up to C's end of a text. */
    private static String text(byte[] bytes) {
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            folder.toFile().deleteOnExit();
        }
    }
}

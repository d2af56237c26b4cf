package candor.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jcuda.runtime.JCuda;

/** Loads what JCuda is made of: its runtime part needs no driver, its driver part needs libcuda.so.1. */
final class JCudaLibraries {
    private JCudaLibraries() {}

    /** The runtime part, which calls a CUDA runtime that is linked into it. */
    static void loadRuntime() {
        inOwnFolder(() -> JCuda.setExceptionsEnabled(false));
    }

    /** Loads the driver part and asks it for devices: why nothing can be launched through it, or "". */
    static String loadDriver() {
        try {
            inOwnFolder(() -> JCudaDriver.setExceptionsEnabled(false));
        } catch (LinkageError e) {
            return "the driver's library libcuda.so.1 does not load";
        }
        int[] devices = new int[1];
        int status = JCudaDriver.cuInit(0);
        if (status == CUresult.CUDA_SUCCESS) {
            status = JCudaDriver.cuDeviceGetCount(devices);
        }
        if (status != CUresult.CUDA_SUCCESS) {
            return "the driver says " + CUresult.stringFor(status);
        }
        return devices[0] == 0 ? "the driver knows of no device" : "";
    }

    /** JCuda unpacks a library under a fixed name: in the shared temporary folder anybody could have put another one. */
    private static void inOwnFolder(Runnable load) {
        String shared = System.getProperty("java.io.tmpdir");
        try {
            Path own = Files.createTempDirectory("candor-jcuda");
            System.setProperty("java.io.tmpdir", own.toString());
            try {
                load.run();
            } finally {
                System.setProperty("java.io.tmpdir", shared);
                delete(own);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("JCuda's library cannot be unpacked", e);
        }
    }

    /** What is loaded stays so without its file. */
    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}

import type { LibTorchBuild } from "./inspect.js";

/** A wheel, identified by its hash. */
export interface PinnedWheel {
  /** The argument for pip: "torch==2.13.0+cpu". */
  requirement: string;
  /** The name of its file. */
  file: string;
  /** The SHA-256 of the file, in hexadecimal. */
  sha256: string;
}

/** A LibTorch that this package can download. */
export interface PinnedLibTorch extends LibTorchBuild {
  /** Such as "2.13.0+cpu". */
  version: string;
  /** A package index to use in addition to those in pip's configuration. */
  index?: string;
  /** In download order. */
  wheels: readonly PinnedWheel[];
  /** Sizes in megabytes of the wheels and of the files that are kept from them. */
  megabytes: { download: number; kept: number };
}

/**
 * The tags of the wheels below. The same files are downloaded whichever Python runs pip, because none of their Python
 * code is kept.
 */
export const wheelTags = {
  python: "3.11",
  abi: "cp311",
  platforms: [28, 27, 25, 18, 17, 12]
    .map((minor) => `manylinux_2_${minor}_x86_64`)
    .concat("manylinux2014_x86_64"),
} as const;

/**
 * The LibTorch builds that this package publishes binaries for, for Linux on x64. NVIDIA's wheels are those with the
 * libraries that LibTorch needs.
 */
export const pinnedLibTorch: Readonly<Record<"cpu" | "cuda", PinnedLibTorch>> = {
  cpu: {
    backend: "cpu",
    minor: "2.13",
    version: "2.13.0+cpu",
    // The default index has only CUDA builds.
    index: "https://download.pytorch.org/whl/cpu",
    megabytes: { download: 192, kept: 480 },
    wheels: [
      {
        requirement: "torch==2.13.0+cpu",
        file: "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
        sha256: "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
      },
    ],
  },
  cuda: {
    backend: "cuda",
    minor: "2.14",
    version: "2.14.1+cu130",
    megabytes: { download: 2550, kept: 4100 },
    wheels: [
      {
        requirement: "torch==2.14.1",
        file: "torch-2.14.1-cp311-cp311-manylinux_2_28_x86_64.whl",
        sha256: "305a61f61f35f128579f299c5bd33d475f6a01c6307336139632e30856c4854d",
      },
      {
        requirement: "nvidia-cuda-runtime==13.0.96",
        file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
      },
      {
        requirement: "nvidia-cuda-cupti==13.0.85",
        file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
        sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
      },
      {
        requirement: "nvidia-cuda-nvrtc==13.0.88",
        file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
      },
      {
        requirement: "nvidia-cublas==13.1.1.3",
        file: "nvidia_cublas-13.1.1.3-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "37936a16db8fe4ac1f065c2139360608a543a09275cb1a1af612e08cfa065436",
      },
      {
        requirement: "nvidia-cudnn-cu13==9.24.0.43",
        file: "nvidia_cudnn_cu13-9.24.0.43-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "71f181cd810e90f9b6023b01186fe82d13d65f0ec098581ee201d39fad769e4b",
      },
      {
        requirement: "nvidia-cufft==12.0.0.61",
        file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
      },
      {
        requirement: "nvidia-cufile==1.15.1.6",
        file: "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
      },
      {
        requirement: "nvidia-curand==10.4.0.35",
        file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
      },
      {
        requirement: "nvidia-cusparse==12.6.3.3",
        file: "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
      },
      {
        requirement: "nvidia-cusparselt-cu13==0.8.1",
        file: "nvidia_cusparselt_cu13-0.8.1-py3-none-manylinux2014_x86_64.whl",
        sha256: "786ce87568c303fadb5afcc7102d454cd3040d75f6f8626f5db460d1871f4dd0",
      },
      {
        requirement: "nvidia-nccl-cu13==2.30.7",
        file: "nvidia_nccl_cu13-2.30.7-py3-none-manylinux_2_18_x86_64.whl",
        sha256: "cefa7fdb9710efd0f39c5f1be1d61ff6fc9a996c451265bd7fbdcf9455ed4b50",
      },
      {
        requirement: "nvidia-nvjitlink==13.4.92",
        file: "nvidia_nvjitlink-13.4.92-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        sha256: "e0391f24ed94ec879b84e3da4d4ec320c879aff681f2c7a638462f7199284323",
      },
      {
        requirement: "nvidia-nvshmem-cu13==3.4.5",
        file: "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
      },
    ],
  },
};

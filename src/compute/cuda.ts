// TensorFlow's CUDA build, and NVIDIA's libraries beside it where its runpath looks for them.

import type { Wheel } from './wheel.js';

/** Folder in the cache with `tensorflow/` and `nvidia/`; another TensorFlow has another one. */
const root = 'tensorflow-cuda-2.21';

export const tensorflowCuda = {
  project: 'tensorflow',
  tag: 'cp313-cp313-manylinux_2_27_x86_64',
  sha256: 'e9d8da8dcab9650efb45f032ba70af2f016f907e6e0c6bda29dd101bba945406',
  bytes: 572_881_074,
  unpacked: 1_259_021_080,
  place: `${root}/tensorflow`,
};

interface Row {
  /** nvidia/NAME/lib in the wheel. */
  name: string;
  file: string;
  sha256: string;
  bytes: number;
  unpacked: number;
  libraries: string[];
}

// CUDA 12.9 and cuDNN 9 within the ranges of TensorFlow's extra `and-cuda`, with code for cards of compute capability 7.5 to 12.0.
// What only several cards, the profiler or XLA need (NCCL, CUPTI, cuRAND, nvcc) is left out.
const rows: Row[] = [
  {
    name: 'cuda_runtime',
    file: 'nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    bytes: 3_493_179,
    unpacked: 741_088,
    libraries: ['libcudart.so.12'],
  },
  {
    name: 'cublas',
    file: 'nvidia_cublas_cu12-12.9.3.13-py3-none-manylinux_2_27_x86_64.whl',
    sha256: 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    bytes: 581_217_458,
    unpacked: 854_310_592,
    libraries: ['libcublas.so.12', 'libcublasLt.so.12'],
  },
  {
    name: 'cuda_nvrtc',
    file: 'nvidia_cuda_nvrtc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    sha256: '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    bytes: 89_568_129,
    unpacked: 113_447_072,
    libraries: ['libnvrtc.so.12', 'libnvrtc-builtins.so.12.9'],
  },
  {
    name: 'nvjitlink',
    file: 'nvidia_nvjitlink_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    sha256: 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    bytes: 39_748_338,
    unpacked: 95_935_344,
    libraries: ['libnvJitLink.so.12'],
  },
  {
    name: 'cufft',
    file: 'nvidia_cufft_cu12-11.4.1.4-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    sha256: 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    bytes: 200_877_592,
    unpacked: 291_507_928,
    libraries: ['libcufft.so.11'],
  },
  {
    name: 'cusparse',
    file: 'nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    sha256: '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    bytes: 366_465_088,
    unpacked: 486_556_368,
    libraries: ['libcusparse.so.12'],
  },
  {
    name: 'cusolver',
    file: 'nvidia_cusolver_cu12-11.7.5.82-py3-none-manylinux_2_27_x86_64.whl',
    sha256: '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    bytes: 338_117_415,
    unpacked: 302_024_152,
    libraries: ['libcusolver.so.11'],
  },
  {
    name: 'cudnn',
    file: 'nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl',
    sha256: '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    bytes: 716_538_495,
    unpacked: 1_162_343_432,
    libraries: [
      'libcudnn.so.9',
      'libcudnn_adv.so.9',
      'libcudnn_cnn.so.9',
      'libcudnn_engines_precompiled.so.9',
      'libcudnn_engines_runtime_compiled.so.9',
      'libcudnn_engines_tensor_ir.so.9',
      'libcudnn_ext.so.9',
      'libcudnn_graph.so.9',
      'libcudnn_heuristic.so.9',
      'libcudnn_ops.so.9',
    ],
  },
];

/** NVIDIA's wheels, each unpacked into a folder of its own beside TensorFlow's. */
export const nvidiaWheels: Wheel[] = rows.map(({ name, file, sha256, bytes, unpacked, libraries }) => ({
  what: `NVIDIA's ${name.replace('cuda_', '')} (${file.split('-')[1]})`,
  project: file.split('-')[0].replaceAll('_', '-'),
  filename: file,
  sha256,
  bytes,
  space: bytes + unpacked,
  place: `${root}/nvidia/${name}`,
  members: Object.fromEntries(libraries.map((l) => [`nvidia/${name}/lib/${l}`, `lib/${l}`])),
}));

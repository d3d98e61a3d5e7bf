"""pydicom's part of bench/series.ts: writes a CT series if it isn't there, then a line in, the series read, a line out.
series_pydicom.py FOLDER SLICES SIDE SYNTAX"""
import json
import os
import sys
import time

import imagecodecs
import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

folder, slices, side, syntax = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
syntaxes = {'uncompressed': ExplicitVRLittleEndian, 'rle': RLELossless, 'jpegls': JPEGLSLossless, 'jpeg2000': JPEG2000Lossless}


def write():
    """A body-like phantom with noise, so that compressed files have a scanner's size."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:side * 1j, -1:1:side * 1j]
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    for i in range(slices):
        body = np.where(x**2 / 0.8 + y**2 / 0.5 < 1, 1040, 24)
        lungs = (np.abs(x) - 0.4)**2 / 0.08 + y**2 / (0.2 + 0.1 * np.sin(i / slices * 3)) < 1
        pixels = np.where(lungs, 180, body) + rng.normal(0, 12, (side, side))
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
        d.SOPClassUID, d.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        d.Modality, d.PatientID, d.PatientName = 'CT', 'bench', 'bench'
        d.SeriesInstanceUID, d.StudyInstanceUID, d.FrameOfReferenceUID = series, study, frame
        d.InstanceNumber = i + 1
        d.ImagePositionPatient, d.ImageOrientationPatient = [0, 0, i * 1.25], [1, 0, 0, 0, 1, 0]
        d.PixelSpacing, d.SliceThickness = [0.7, 0.7], 1.25
        d.Rows = d.Columns = side
        d.SamplesPerPixel, d.PhotometricInterpretation = 1, 'MONOCHROME2'
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 12, 11, 0
        d.RescaleSlope, d.RescaleIntercept = 1, -1024
        pixels = np.clip(pixels, 0, 4095).astype('<u2')
        d.PixelData = pixels.tobytes()
        if syntax == 'jpeglossless':  # which pydicom doesn't write
            d.PixelData = encapsulate([imagecodecs.ljpeg_encode(pixels, bitspersample=12)])
            d['PixelData'].VR, d['PixelData'].is_undefined_length = 'OB', True
            meta.TransferSyntaxUID = JPEGLosslessSV1
        elif syntax != 'uncompressed':
            d.compress(syntaxes[syntax], generate_instance_uid=False)
        d.save_as(f'{folder}/{generate_uid()}.dcm', enforce_file_format=True)


if not os.listdir(folder):
    write()
print('{}', flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    files = [pydicom.dcmread(f'{folder}/{name}') for name in os.listdir(folder)]
    files.sort(key=lambda d: float(d.ImagePositionPatient[2]))
    volume = np.stack([d.pixel_array.astype(np.float32) * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in files])
    seconds = time.perf_counter() - start
    print(json.dumps({'seconds': seconds, 'mean': float(volume.mean(dtype=np.float64))}), flush=True)
